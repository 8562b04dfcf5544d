// Memory for numbers: aligned, not initialised, and in large pages where there is much of it, for
// weights are read from end to end for every note.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <vector>

#if defined(__linux__)
#include <sys/mman.h>
#endif

template <class T>
class Buffer {
public:
    // Makes room; what was there is lost if there was less.
    void resize(size_t count) {
        if (count <= count_) return;
        size_t bytes = count * sizeof(T);
        bool large = bytes >= LARGE_PAGE;
        auto alignment = std::align_val_t(large ? LARGE_PAGE : 64);
        memory_ = {static_cast<T*>(::operator new(bytes, alignment)), Free{alignment}};
        count_ = count;
#if defined(__linux__)
        if (large) madvise(memory_.get(), bytes, MADV_HUGEPAGE);
#endif
    }
    T* data() { return memory_.get(); }
    const T* data() const { return memory_.get(); }

private:
    static constexpr size_t LARGE_PAGE = size_t(1) << 21;

    struct Free {
        std::align_val_t alignment = std::align_val_t(64);
        void operator()(T* memory) { ::operator delete(memory, alignment); }
    };
    std::unique_ptr<T, Free> memory_;
    size_t count_ = 0;
};

// Many arrays in few buffers, all of them freed together.
class Arena {
public:
    template <class T>
    T* take(size_t count) {
        size_t bytes = (count * sizeof(T) + 63) / 64 * 64;
        if (bytes > left_) {
            left_ = bytes > CHUNK ? bytes : CHUNK;
            chunks_.emplace_back();
            chunks_.back().resize(left_);
            next_ = chunks_.back().data();
        }
        void* taken = next_;
        next_ += bytes;
        left_ -= bytes;
        return static_cast<T*>(taken);
    }

private:
    static constexpr size_t CHUNK = size_t(1) << 23;

    std::vector<Buffer<uint8_t>> chunks_;
    uint8_t* next_ = nullptr;
    size_t left_ = 0;
};
