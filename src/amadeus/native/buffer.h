// Aligned, uninitialised arrays. Large arrays use huge pages, because the weights are read from end
// to end for every note.
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
    // Grows to at least `count` elements. Growing discards the contents; it never shrinks.
    void resize(size_t count) {
        if (count <= count_) return;
        size_t bytes = count * sizeof(T);
        bool large = bytes >= HUGE_PAGE;
        auto alignment = std::align_val_t(large ? HUGE_PAGE : 64);
        data_ = {static_cast<T*>(::operator new(bytes, alignment)), Free{alignment}};
        count_ = count;
#if defined(__linux__)
        if (large) madvise(data_.get(), bytes, MADV_HUGEPAGE);
#endif
    }
    T* data() { return data_.get(); }
    const T* data() const { return data_.get(); }

private:
    static constexpr size_t HUGE_PAGE = size_t(1) << 21;

    struct Free {
        std::align_val_t alignment = std::align_val_t(64);
        void operator()(T* data) { ::operator delete(data, alignment); }
    };
    std::unique_ptr<T, Free> data_;
    size_t count_ = 0;
};

// An allocator that packs many arrays into few buffers and frees them together.
class Arena {
public:
    template <class T>
    T* allocate(size_t count) {
        size_t bytes = (count * sizeof(T) + 63) / 64 * 64;
        if (bytes > left_) {
            left_ = bytes > CHUNK ? bytes : CHUNK;
            chunks_.emplace_back();
            chunks_.back().resize(left_);
            next_ = chunks_.back().data();
        }
        void* allocated = next_;
        next_ += bytes;
        left_ -= bytes;
        return static_cast<T*>(allocated);
    }

private:
    static constexpr size_t CHUNK = size_t(1) << 23;

    std::vector<Buffer<uint8_t>> chunks_;
    uint8_t* next_ = nullptr;
    size_t left_ = 0;
};
