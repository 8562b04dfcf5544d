// The functions that Python calls through ctypes; native/library.py declares them.
#include <stdexcept>

#include "sampler.h"

#define PUBLIC extern "C" __attribute__((visibility("default")))

namespace {

constexpr int FAILED = -2, REFUSED = -3;  // as in inference/native.py

thread_local std::string last_error;

template <class Call>
int guarded(Call call) {
    try {
        return call();
    } catch (const std::out_of_range& error) {  // an argument is out of range
        last_error = error.what();
        return REFUSED;
    } catch (const std::exception& error) {
        last_error = error.what();
        return FAILED;
    }
}

}  // namespace

// The error of the last call in this thread that returned null, FAILED or REFUSED.
PUBLIC const char* amadeus_last_error() { return last_error.c_str(); }

// The hash of the sources that this library was compiled from.
PUBLIC const char* amadeus_source_hash() { return AMADEUS_SOURCES; }

// The size in bytes of a structure that Python shares, by its name; 0 for other names.
PUBLIC int amadeus_sizeof(const char* structure) {
    const std::map<std::string, int> sizes = {
        {"Sizes", sizeof(Sizes)},
        {"Vocabulary", sizeof(Vocabulary)},
        {"ConditionalBias", sizeof(ConditionalBias)},
        {"UnmaskTask", sizeof(UnmaskTask)},
    };
    auto match = sizes.find(structure);
    return match == sizes.end() ? 0 : match->second;
}

// The best instruction set of this machine: 2 for AVX-512 with VNNI, 1 for AVX2, 0 for neither. It
// must check for every flag with which hatch_build.py compiles the library of that level.
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

// names, tensors, counts: the names, values and numbers of values of `count` weights, which are
// copied. Returns null if a weight is missing or has the wrong size.
PUBLIC Network* amadeus_create_network(const Sizes* sizes, const char* const* names,
                                       const float* const* tensors, const int64_t* counts,
                                       int count) {
    Network* network = nullptr;
    guarded([&] {
        Weights weights;
        for (int i = 0; i < count; i++) weights[names[i]] = {tensors[i], counts[i]};
        network = new Network(*sizes, weights);
        return 0;
    });
    return network;
}

PUBLIC void amadeus_destroy_network(Network* network) { delete network; }

// The network must outlive the engine.
PUBLIC Engine* amadeus_create_engine(const Network* network, int max_positions, int threads) {
    Engine* engine = nullptr;
    guarded([&] { return engine = new Engine(*network, max_positions, threads), 0; });
    return engine;
}

PUBLIC void amadeus_destroy_engine(Engine* engine) { delete engine; }

PUBLIC int amadeus_admit(Engine* engine) {
    return guarded([&] { return engine->admit(), 0; });
}

PUBLIC int amadeus_prefill(Engine* engine, int piece, const float* text, int num_text,
                           const float* slot_bias, const int64_t* rows, int num_rows) {
    return guarded([&] {
        return engine->prefill(piece, text, num_text, slot_bias, rows, num_rows), 0;
    });
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

PUBLIC int amadeus_unmask(Engine* engine, const Vocabulary* vocabulary, UnmaskTask* tasks,
                          int count) {
    return guarded([&] { return unmask(*engine, *vocabulary, tasks, count); });
}

PUBLIC int amadeus_retire(Engine* engine, int piece) {
    return guarded([&] { return engine->retire(piece), 0; });
}
