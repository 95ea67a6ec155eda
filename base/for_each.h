#pragma once

// TANDEM_FOR_EACH(m, a, b, c) is m(a) m(b) m(c), for up to some 250 arguments, and for none
// nothing; TANDEM_FOR_EACH_OF(m, t, a, b) is m(t, a) m(t, b). What the macros are made of that list
// the fields of a struct.

// A macro is not expanded within itself, so each step leaves the next one's name and arguments
// apart, and what TANDEM_RESCAN_ does is to look again, 256 times.
#define TANDEM_FOR_EACH(macro, ...) \
  __VA_OPT__(TANDEM_RESCAN_(TANDEM_FOR_EACH_STEP_(macro, __VA_ARGS__)))
#define TANDEM_FOR_EACH_STEP_(macro, first, ...) \
  macro(first) __VA_OPT__(TANDEM_FOR_EACH_NEXT_ TANDEM_PARENTHESES_(macro, __VA_ARGS__))
#define TANDEM_FOR_EACH_NEXT_() TANDEM_FOR_EACH_STEP_

#define TANDEM_FOR_EACH_OF(macro, type, ...) \
  __VA_OPT__(TANDEM_RESCAN_(TANDEM_FOR_EACH_OF_STEP_(macro, type, __VA_ARGS__)))
#define TANDEM_FOR_EACH_OF_STEP_(macro, type, first, ...) \
  macro(type, first)                                      \
      __VA_OPT__(TANDEM_FOR_EACH_OF_NEXT_ TANDEM_PARENTHESES_(macro, type, __VA_ARGS__))
#define TANDEM_FOR_EACH_OF_NEXT_() TANDEM_FOR_EACH_OF_STEP_

#define TANDEM_PARENTHESES_ ()
#define TANDEM_RESCAN_(...) \
  TANDEM_RESCAN_4_(TANDEM_RESCAN_4_(TANDEM_RESCAN_4_(TANDEM_RESCAN_4_(__VA_ARGS__))))
#define TANDEM_RESCAN_4_(...) \
  TANDEM_RESCAN_3_(TANDEM_RESCAN_3_(TANDEM_RESCAN_3_(TANDEM_RESCAN_3_(__VA_ARGS__))))
#define TANDEM_RESCAN_3_(...) \
  TANDEM_RESCAN_2_(TANDEM_RESCAN_2_(TANDEM_RESCAN_2_(TANDEM_RESCAN_2_(__VA_ARGS__))))
#define TANDEM_RESCAN_2_(...) \
  TANDEM_RESCAN_1_(TANDEM_RESCAN_1_(TANDEM_RESCAN_1_(TANDEM_RESCAN_1_(__VA_ARGS__))))
#define TANDEM_RESCAN_1_(...) __VA_ARGS__
