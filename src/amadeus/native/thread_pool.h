// A thread pool for many short parallel loops.
//
// A step of a small network takes microseconds, less than waking a thread does. So workers spin
// between loops and sleep only after a while without work. Each thread takes the next item when it
// is free, so a worker that the operating system suspends delays only the item it has taken.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

class ThreadPool {
public:
    // size: number of threads, including the one that calls `parallel_for`.
    explicit ThreadPool(int size);
    ~ThreadPool();
    ThreadPool(const ThreadPool&) = delete;
    ThreadPool& operator=(const ThreadPool&) = delete;

    int size() const { return int(workers_.size()) + 1; }

    // Calls body(i) for every i below count, in any order, on any thread. Returns when all calls
    // have returned. count: at most MAX_ITEMS, or std::length_error is thrown.
    template <class Body>
    void parallel_for(int count, const Body& body) {
        if (count < 2 || workers_.empty()) {
            for (int i = 0; i < count; i++) body(i);
            return;
        }
        if (count > MAX_ITEMS) throw std::length_error("too many pieces at once");
        run(count, [](const void* b, int i) { (*static_cast<const Body*>(b))(i); }, &body);
    }

    // Splits 0..count into `parts` ranges of about equal size and calls body(first, last) for each.
    template <class Body>
    void parallel_ranges(int count, int parts, const Body& body) {
        if (parts > count) parts = count;
        auto start = [&](int i) { return int(long(count) * i / parts); };
        parallel_for(parts, [&](int i) { body(start(i), start(i + 1)); });
    }

private:
    typedef void (*Call)(const void*, int);

    static constexpr int MAX_ITEMS = 65535;

    void run(int count, Call call, const void* body);
    bool run_one_item();
    void work();

    std::vector<std::thread> workers_;
    // The number of the loop, its item count, and how many items are taken: 32, 16 and 16 bits.
    std::atomic<unsigned long> ticket_{0};
    std::atomic<Call> call_{nullptr};
    std::atomic<const void*> body_{nullptr};
    std::atomic<int> finished_{0}, sleeping_{0};
    std::atomic<bool> stopping_{false};
    std::mutex mutex_;
    std::condition_variable wake_;
};
