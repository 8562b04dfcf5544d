// What Python calls, through ctypes: see inference/native.py.
#include <stdexcept>

#include "sampler.h"

#define PUBLIC extern "C" __attribute__((visibility("default")))

namespace {

constexpr int FAILED = -2, REFUSED = -3;  // as in inference/native.py

thread_local std::string problem;

template <class Work>
int guarded(Work work) {
    try {
        return work();
    } catch (const std::out_of_range& error) {  // what was given is out of range
        problem = error.what();
        return REFUSED;
    } catch (const std::exception& error) {
        problem = error.what();
        return FAILED;
    }
}

}  // namespace

// What went wrong in the last call that returned null, FAILED or REFUSED.
PUBLIC const char* amadeus_problem() { return problem.c_str(); }

// What this was compiled from: a core of other sources would misread what it is given.
PUBLIC const char* amadeus_sources() { return AMADEUS_SOURCES; }

// The best set of instructions that this machine has: 2 AVX-512 with VNNI, 1 AVX2, 0 neither. It
// has to have everything that hatch_build.py compiles the core of that number for.
PUBLIC int amadeus_instructions() {
#if defined(__x86_64__)
    __builtin_cpu_init();
    bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                __builtin_cpu_supports("bmi2");
    bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                  __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
                  __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512vnni");
    return avx2 && avx512 ? 2 : avx2 ? 1 : 0;
#else
    return 0;
#endif
}

// names, tensors, counts: `count` weights, which are copied, and how many values each has. Null
// where one is missing or of another size.
PUBLIC Network* amadeus_open(const Sizes* sizes, const char* const* names,
                             const float* const* tensors, const int64_t* counts, int count) {
    Network* network = nullptr;
    guarded([&] {
        Weights weights;
        for (int i = 0; i < count; i++) weights[names[i]] = {tensors[i], counts[i]};
        network = new Network(*sizes, weights);
        return 0;
    });
    return network;
}

PUBLIC void amadeus_close(Network* network) { delete network; }

// The network has to outlive what it begins.
PUBLIC Engine* amadeus_begin(const Network* network, int positions, int threads) {
    Engine* engine = nullptr;
    guarded([&] { return engine = new Engine(*network, positions, threads), 0; });
    return engine;
}

PUBLIC void amadeus_end(Engine* engine) { delete engine; }

PUBLIC int amadeus_admit(Engine* engine) {
    return guarded([&] { return engine->admit(), 0; });
}

PUBLIC int amadeus_prefill(Engine* engine, int piece, const float* text, int num_text,
                           const int64_t* rows, int num_rows) {
    return guarded([&] { return engine->prefill(piece, text, num_text, rows, num_rows), 0; });
}

PUBLIC int amadeus_step(Engine* engine, const int64_t* rows) {
    return guarded([&] { return engine->step(rows), 0; });
}

PUBLIC int amadeus_enhance(Engine* engine) {
    return guarded([&] { return engine->enhance(), 0; });
}

PUBLIC int amadeus_predict(Engine* engine, const int32_t* pieces, int count, const int64_t* values,
                           const uint8_t* known, float* logits) {
    return guarded([&] { return engine->predict(pieces, count, values, known, logits), 0; });
}

PUBLIC int amadeus_unmask(Engine* engine, const Vocabulary* vocabulary, Task* tasks, int count) {
    return guarded([&] { return unmask(*engine, *vocabulary, tasks, count); });
}

PUBLIC int amadeus_retire(Engine* engine, int piece) {
    return guarded([&] { return engine->retire(piece), 0; });
}
