#include "messagequeue/message_queue.h"
