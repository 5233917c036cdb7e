// What a test makes the system do: no further thread, a name whose look-up hangs. Linked into the test program, where
// these stand before the functions of the C library. Each lasts as long as its object.
#pragma once

namespace hawser::smtp::system_faults {

// The system makes `count` more threads, then none.
class threads_left {
public:
    explicit threads_left(int count);
    ~threads_left();
    threads_left(const threads_left&) = delete;
    threads_left& operator=(const threads_left&) = delete;
};

inline constexpr const char* hanging_name = "hangs.example.test";

// Who looks up hanging_name waits until this goes.
class hanging_lookups {
public:
    hanging_lookups();
    ~hanging_lookups();
    hanging_lookups(const hanging_lookups&) = delete;
    hanging_lookups& operator=(const hanging_lookups&) = delete;
    static void wait_for_one();  // until one hangs
};

}  // namespace hawser::smtp::system_faults
