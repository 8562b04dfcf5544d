// A team of threads that shares out the items of one small loop after another.
//
// A step of a small network takes microseconds, less than waking a thread does, so helpers spin
// between loops, and sleep only when nothing has come for a while. Items go to whoever is free: a
// helper that the system has put aside holds up no more than the item it has in hand.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

class Team {
public:
    explicit Team(int size);
    ~Team();
    Team(const Team&) = delete;
    Team& operator=(const Team&) = delete;

    int size() const { return int(helpers_.size()) + 1; }

    static constexpr int MOST = 65535;

    // Calls work(i) for every i below count, at most MOST, in any order, on any thread.
    template <class Work>
    void each(int count, const Work& work) {
        if (count < 2 || helpers_.empty()) {
            for (int i = 0; i < count; i++) work(i);
            return;
        }
        if (count > MOST) throw std::length_error("too many pieces at once");
        share(count, [](const void* w, int i) { (*static_cast<const Work*>(w))(i); }, &work);
    }

    // The same in `parts` about equal ranges: calls work(first, last).
    template <class Work>
    void ranges(int count, int parts, const Work& work) {
        if (parts > count) parts = count;
        auto start = [&](int i) { return int(long(count) * i / parts); };
        each(parts, [&](int i) { work(start(i), start(i + 1)); });
    }

private:
    typedef void (*Call)(const void*, int);

    void share(int count, Call call, const void* work);
    bool take_one();
    void help();

    std::vector<std::thread> helpers_;
    // Number of the loop, of its items and of those that are taken: 32, 16 and 16 bits.
    std::atomic<unsigned long> ticket_{0};
    std::atomic<Call> call_{nullptr};
    std::atomic<const void*> work_{nullptr};
    std::atomic<int> done_{0}, asleep_{0};
    std::atomic<bool> over_{false};
    std::mutex mutex_;
    std::condition_variable wake_;
};
