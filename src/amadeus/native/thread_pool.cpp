#include "thread_pool.h"

#include <chrono>

namespace {

constexpr auto SPIN_TIME = std::chrono::milliseconds(2);

void pause() {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

bool has_items_left(unsigned long ticket) { return (ticket & 0xffff) < (ticket >> 16 & 0xffff); }

}  // namespace

ThreadPool::ThreadPool(int size) {
    for (int i = 1; i < size; i++) workers_.emplace_back([this] { work(); });
}

ThreadPool::~ThreadPool() {
    {
        std::lock_guard<std::mutex> lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_all();
    for (auto& worker : workers_) worker.join();
}

void ThreadPool::run(int count, Call call, const void* body) {
    call_.store(call, std::memory_order_relaxed);
    body_.store(body, std::memory_order_relaxed);
    finished_.store(0, std::memory_order_relaxed);
    unsigned long number = (ticket_.load(std::memory_order_relaxed) >> 32) + 1;
    ticket_.store(number << 32 | static_cast<unsigned long>(count) << 16);
    if (sleeping_ > 0) {
        // Once the lock is free, no worker is between checking the ticket and falling asleep.
        { std::lock_guard<std::mutex> lock(mutex_); }
        wake_.notify_all();
    }
    while (run_one_item()) {
    }
    for (int spins = 1; finished_.load(std::memory_order_acquire) < count; spins++) {
        pause();
        if (spins % 512 == 0) std::this_thread::yield();
    }
}

// Runs one item of the current loop; returns false if none is left.
bool ThreadPool::run_one_item() {
    unsigned long ticket = ticket_.load(std::memory_order_acquire);
    while (has_items_left(ticket)) {
        // Both belong to this ticket if it is unchanged when the item is taken.
        Call call = call_.load(std::memory_order_relaxed);
        const void* body = body_.load(std::memory_order_relaxed);
        if (ticket_.compare_exchange_weak(ticket, ticket + 1, std::memory_order_acq_rel)) {
            call(body, int(ticket & 0xffff));
            finished_.fetch_add(1, std::memory_order_release);
            return true;
        }
    }
    return false;
}

// What a worker does until the pool is destroyed.
void ThreadPool::work() {
    auto idle_since = std::chrono::steady_clock::now();
    for (int spins = 1; !stopping_.load(std::memory_order_relaxed); spins++) {
        if (run_one_item()) {
            spins = 0;
            continue;
        }
        pause();
        if (spins == 1) idle_since = std::chrono::steady_clock::now();
        if (spins % 512) continue;
        std::this_thread::yield();
        if (std::chrono::steady_clock::now() - idle_since < SPIN_TIME) continue;
        std::unique_lock<std::mutex> lock(mutex_);
        sleeping_++;
        wake_.wait(lock, [this] { return stopping_ || has_items_left(ticket_); });
        sleeping_--;
        spins = 0;
    }
}
