#include "threads.h"

#include <chrono>

namespace {

constexpr auto PATIENCE = std::chrono::milliseconds(2);

void pause() {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

bool is_open(unsigned long ticket) { return (ticket & 0xffff) < (ticket >> 16 & 0xffff); }

}  // namespace

Team::Team(int size) {
    for (int i = 1; i < size; i++) helpers_.emplace_back([this] { help(); });
}

Team::~Team() {
    {
        std::lock_guard<std::mutex> lock(mutex_);
        over_ = true;
    }
    wake_.notify_all();
    for (auto& helper : helpers_) helper.join();
}

void Team::share(int count, Call call, const void* work) {
    call_.store(call, std::memory_order_relaxed);
    work_.store(work, std::memory_order_relaxed);
    done_.store(0, std::memory_order_relaxed);
    unsigned long number = (ticket_.load(std::memory_order_relaxed) >> 32) + 1;
    ticket_.store(number << 32 | static_cast<unsigned long>(count) << 16);
    if (asleep_ > 0) {
        { std::lock_guard<std::mutex> lock(mutex_); }  // nobody is between looking and sleeping
        wake_.notify_all();
    }
    while (take_one()) {
    }
    for (int turns = 1; done_.load(std::memory_order_acquire) < count; turns++) {
        pause();
        if (turns % 512 == 0) std::this_thread::yield();
    }
}

// Does one item of the loop at hand; false where none is left.
bool Team::take_one() {
    unsigned long ticket = ticket_.load(std::memory_order_acquire);
    while (is_open(ticket)) {
        // Both belong to this ticket if it is still there when an item is taken.
        Call call = call_.load(std::memory_order_relaxed);
        const void* work = work_.load(std::memory_order_relaxed);
        if (ticket_.compare_exchange_weak(ticket, ticket + 1, std::memory_order_acq_rel)) {
            call(work, int(ticket & 0xffff));
            done_.fetch_add(1, std::memory_order_release);
            return true;
        }
    }
    return false;
}

void Team::help() {
    auto idle_since = std::chrono::steady_clock::now();
    for (int turns = 1; !over_.load(std::memory_order_relaxed); turns++) {
        if (take_one()) {
            turns = 0;
            continue;
        }
        pause();
        if (turns == 1) idle_since = std::chrono::steady_clock::now();
        if (turns % 512) continue;
        std::this_thread::yield();
        if (std::chrono::steady_clock::now() - idle_since < PATIENCE) continue;
        std::unique_lock<std::mutex> lock(mutex_);
        asleep_++;
        wake_.wait(lock, [this] { return over_ || is_open(ticket_); });
        asleep_--;
        turns = 0;
    }
}
