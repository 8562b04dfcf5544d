#include "sampler.h"

#include <numeric>
#include <stdexcept>

namespace {

constexpr double FIRST_PRIORITY = 1e9;  // above every other priority
constexpr float MINUS_INFINITY = -std::numeric_limits<float>::infinity();

enum Order { CONFIDENCE, ENTROPY, RANDOM, FIXED };

// Reveals one row, from all masked to complete, in the arrays of its task.
class RowSampler {
public:
    RowSampler(UnmaskTask& task, const Vocabulary& vocabulary, const Sizes& sizes)
        : task_(task), vocabulary_(vocabulary), max_values_(sizes.max_values), sizes_(sizes),
          legal_(size_t(ATTRIBUTES) * sizes.max_values), longest_bar_(longest_metre()) {
        feasible_ = commit_forced();
    }

    // Whether any legal row has the known values.
    bool feasible() const { return feasible_; }
    int num_masked() const { return int(std::count(task_.known, task_.known + ATTRIBUTES, 0)); }

    // Reveals this step's share of the masked attributes, and those that are confident enough.
    // logits: [A, max values], modified.
    void step(float* logits) {
        int share = (num_masked() + task_.steps - 1) / task_.steps;
        task_.steps--;
        add_biases(logits);
        if (task_.ends_with >= 0) replace_new_bars(logits);
        double priorities[ATTRIBUTES];
        for (int a = 0; a < ATTRIBUTES; a++)
            priorities[a] = priority(a, logits + a * max_values_);
        int order[ATTRIBUTES];
        std::iota(order, order + ATTRIBUTES, 0);
        std::stable_sort(order, order + ATTRIBUTES,
                         [&](int a, int b) { return priorities[a] > priorities[b]; });
        bool confident[ATTRIBUTES];
        find_confident(logits, confident);
        for (int i = 0; i < ATTRIBUTES && feasible_; i++)
            if (!task_.known[order[i]] && (i < share || confident[order[i]]))
                reveal(order[i], logits + order[i] * max_values_);
    }

private:
    int num_metres() const { return vocabulary_.first_rest - vocabulary_.first_bar; }

    int64_t longest_metre() const {
        return *std::max_element(vocabulary_.metre_ticks, vocabulary_.metre_ticks + num_metres());
    }

    bool knows_type() const { return task_.known[vocabulary_.type]; }
    bool knows_beat() const { return task_.known[vocabulary_.beat]; }

    // Whether this type is known and opens a bar.
    bool opens_bar(int64_t type) const {
        return knows_type() && type >= vocabulary_.first_bar && type < vocabulary_.first_rest;
    }

    int64_t bar_length(int64_t type) const {
        return vocabulary_.metre_ticks[type - vocabulary_.first_bar];
    }

    void add_biases(float* logits) const {
        if (task_.bias)
            for (int i = 0; i < ATTRIBUTES * max_values_; i++) logits[i] += task_.bias[i];
        for (const ConditionalBias& bias : task_.conditional_biases) {
            int64_t index = task_.values[bias.source] - bias.first;
            if (!bias.table || !task_.known[bias.source]) continue;
            if (index < 0 || index >= bias.count) continue;
            for (int v = 0; v < max_values_; v++)
                logits[bias.target * max_values_ + v] += bias.table[index * max_values_ + v];
        }
    }

    // In the last bar, adds the probability of all new and empty bars to that of the end.
    void replace_new_bars(float* logits) const {
        float* types = logits + vocabulary_.type * max_values_;
        int first = vocabulary_.first_bar, last = sizes_.values[vocabulary_.type];
        float max = types[task_.ends_with];
        for (int v = first; v < last; v++) max = std::max(max, types[v]);
        double sum = std::exp(double(types[task_.ends_with] - max));
        for (int v = first; v < last; v++) sum += std::exp(double(types[v] - max));
        types[task_.ends_with] = float(max + std::log(sum));
    }

    // Attributes are revealed in descending priority.
    double priority(int a, const float* logits) const {
        if (task_.known[a]) return -std::numeric_limits<double>::infinity();
        if (task_.first_ranks[a]) return FIRST_PRIORITY - task_.first_ranks[a];
        if (task_.order == FIXED) return -task_.fixed_ranks[a];
        if (task_.order == RANDOM) return task_.noise[a];
        return certainty(a, logits, task_.order == ENTROPY);
    }

    // Which attributes need no further prediction. None do while one that must come first does.
    void find_confident(const float* logits, bool* confident) const {
        bool wait = task_.threshold > 1;
        for (int a = 0; a < ATTRIBUTES && !wait; a++) {
            confident[a] = task_.known[a] ||
                           certainty(a, logits + a * max_values_, false) >= task_.threshold;
            wait = task_.first_ranks[a] && !confident[a];
        }
        if (wait) std::fill_n(confident, ATTRIBUTES, false);
    }

    // The largest probability among the legal values, or their negative entropy in nats.
    double certainty(int a, const float* logits, bool entropy) const {
        const uint8_t* legal = &legal_[size_t(a) * max_values_];
        int size = sizes_.values[a], padded = round_up_to_lanes(size);
        static thread_local Buffer<float> scratch;
        scratch.resize(padded);
        float* __restrict masked = scratch.data();
        for (int v = 0; v < size; v++) masked[v] = legal[v] ? logits[v] : MINUS_INFINITY;
        std::fill(masked + size, masked + padded, MINUS_INFINITY);
        Floats maxima = broadcast(MINUS_INFINITY), sums{}, weighted_sums{};
        for (int v = 0; v < padded; v += LANES) maxima = maximum(maxima, load(masked + v));
        float max = reduce_max(maxima);
        for (int v = 0; v < padded; v += LANES) {
            Floats relative = load(masked + v) - max, weights = exp_nonpositive(relative);
            sums += weights;
            weighted_sums += weights > 0 ? weights * relative : Floats{};
        }
        if (!entropy) return 1.0f / reduce_sum(sums);
        return reduce_sum(weighted_sums) / reduce_sum(sums) - std::log(reduce_sum(sums));
    }

    void reveal(int a, const float* logits) {
        task_.values[a] = draw(a, logits);
        task_.known[a] = 1;
        feasible_ = commit_forced();
    }

    // Draws a legal value from the nucleus by inverting its distribution function, as `draw` in
    // diffusion/unmasking.py does.
    int draw(int a, const float* logits) const {
        static thread_local std::vector<int> values;
        static thread_local std::vector<double> weights, heap;
        values.clear();
        for (int v = 0; v < sizes_.values[a]; v++)
            if (legal_[size_t(a) * max_values_ + v]) values.push_back(v);
        int best = values[0];
        for (int v : values)
            if (logits[v] > logits[best]) best = v;
        double temperature = task_.draws[TEMPERATURE][a], top_p = task_.draws[TOP_P][a];
        if (temperature == 0) return best;
        weights.clear();
        for (int v : values)
            weights.push_back(std::exp((double(logits[v]) - logits[best]) / temperature));
        if (top_p < 1) {
            heap = weights;  // a heap instead of sorting, because the nucleus is small
            std::make_heap(heap.begin(), heap.end());
            double target = top_p * std::accumulate(heap.begin(), heap.end(), 0.0);
            double sum = 0;
            while (heap.size() > 1 && (sum += heap.front()) < target) {
                std::pop_heap(heap.begin(), heap.end());
                heap.pop_back();
            }
            double smallest = heap.front();
            for (double& weight : weights)
                if (weight < smallest) weight = 0;
        }
        for (double& weight : weights)
            if (weight < task_.draws[MIN_P][a]) weight = 0;  // the largest is 1
        double target = task_.noise[ATTRIBUTES + a] *
                        std::accumulate(weights.begin(), weights.end(), 0.0);
        double sum = 0;
        int drawn = best;
        for (size_t i = 0; i < values.size(); i++) {
            if (weights[i] > 0) drawn = values[i];
            if ((sum += weights[i]) > target) break;
        }
        return drawn;
    }

    // Commits the attributes that have only one legal value. Returns false if one has none.
    bool commit_forced() {
        if (!find_legal()) return false;
        for (int a = 0; a < ATTRIBUTES; a++) {
            const uint8_t* legal = &legal_[size_t(a) * max_values_];
            int count = std::accumulate(legal, legal + sizes_.values[a], 0);
            if (!count) return false;
            if (count != 1) continue;
            task_.values[a] = std::find(legal, legal + sizes_.values[a], 1) - legal;
            task_.known[a] = 1;
        }
        return true;
    }

    // Finds the values that are legal given the known ones, as `Grammar.allowed` does. Returns
    // false if no legal row has the known values.
    bool find_legal() {
        std::fill(legal_.begin(), legal_.end(), 0);
        uint8_t* __restrict legal = legal_.data();
        int size = ATTRIBUTES * max_values_;
        bool any = false;
        for (int p = 0; p < task_.num_products; p++) {
            const uint8_t* sets = task_.products + size_t(p) * size;
            if (!is_consistent(p, sets)) continue;
            any = true;
            for (int i = 0; i < size; i++) legal[i] |= sets[i];
        }
        if (!any) return false;
        // The beat of a new bar lies within its metre.
        uint8_t* types = &legal_[size_t(vocabulary_.type) * max_values_];
        uint8_t* beats = &legal_[size_t(vocabulary_.beat) * max_values_];
        int64_t type = task_.values[vocabulary_.type], beat = task_.values[vocabulary_.beat];
        if (opens_bar(type))
            for (int64_t v = bar_length(type) + 1; v < max_values_; v++) beats[v] = 0;
        if (knows_beat())
            for (int m = 0; m < num_metres(); m++)
                if (beat > vocabulary_.metre_ticks[m]) types[vocabulary_.first_bar + m] = 0;
        for (int a = 0; a < ATTRIBUTES; a++) {
            if (!task_.known[a]) continue;
            std::fill_n(&legal_[size_t(a) * max_values_], max_values_, 0);
            legal_[size_t(a) * max_values_ + task_.values[a]] = 1;
        }
        return true;
    }

    // Whether product p, with these sets, contains a row with the known values.
    bool is_consistent(int p, const uint8_t* sets) const {
        for (int a = 0; a < ATTRIBUTES; a++)
            if (task_.known[a] && !sets[a * max_values_ + task_.values[a]]) return false;
        if (!knows_type() && !knows_beat()) return true;
        int64_t type = task_.values[vocabulary_.type];
        int64_t first = knows_beat() ? task_.values[vocabulary_.beat] : task_.first_beats[p];
        int64_t last = task_.bar_ticks[p];
        if (knows_type()) last = opens_bar(type) ? bar_length(type) : longest_bar_;
        return first <= last;
    }

    UnmaskTask& task_;
    const Vocabulary& vocabulary_;
    int max_values_;
    const Sizes& sizes_;
    std::vector<uint8_t> legal_;  // [A, max values]
    int64_t longest_bar_;         // in ticks
    bool feasible_;
};

// Throws std::out_of_range for a task that would index outside an array.
void check(const Engine& engine, const Vocabulary& vocabulary, const UnmaskTask& task) {
    engine.check_piece(task.conditional);
    if (task.unconditional != -1) engine.check_piece(task.unconditional);
    engine.check_row(task.values, task.known);
    if (task.steps < 1) throw std::out_of_range("a row is revealed in at least one step");
    if (task.ends_with < -1 || task.ends_with >= engine.sizes.values[vocabulary.type])
        throw std::out_of_range("a piece cannot end with type " + std::to_string(task.ends_with));
    for (const ConditionalBias& bias : task.conditional_biases)
        for (int attribute : {bias.source, bias.target})
            if (attribute < 0 || attribute >= ATTRIBUTES)
                throw std::out_of_range("there is no attribute " + std::to_string(attribute));
}

// Classifier-free guidance, in place, as `guide` in diffusion/guidance.py does it.
void guide(float* conditional, const float* unconditional, float scale, int count) {
    for (int i = 0; i < count; i++)
        conditional[i] = unconditional[i] + scale * (conditional[i] - unconditional[i]);
}

}  // namespace

int unmask(Engine& engine, const Vocabulary& vocabulary, UnmaskTask* tasks, int count) {
    for (int i = 0; i < count; i++) check(engine, vocabulary, tasks[i]);
    int size = ATTRIBUTES * engine.sizes.max_values;
    std::vector<std::unique_ptr<RowSampler>> rows(count);
    engine.pool().parallel_for(count, [&](int i) {
        rows[i] = std::make_unique<RowSampler>(tasks[i], vocabulary, engine.sizes);
    });
    static thread_local Buffer<float> buffer;
    buffer.resize(size_t(2) * count * size);  // conditional logits, then unconditional ones
    float* logits = buffer.data();
    for (;;) {
        std::vector<int> open, pieces;
        for (int i = 0; i < count; i++) {
            if (!rows[i]->feasible()) return i;
            if (rows[i]->num_masked()) open.push_back(i);
        }
        if (open.empty()) return -1;
        std::vector<int64_t> values;
        std::vector<uint8_t> known;
        auto add_query = [&](int piece, const UnmaskTask& task) {
            pieces.push_back(piece);
            values.insert(values.end(), task.values, task.values + ATTRIBUTES);
            known.insert(known.end(), task.known, task.known + ATTRIBUTES);
        };
        for (int i : open) add_query(tasks[i].conditional, tasks[i]);
        std::vector<int> unconditional(open.size(), -1);  // index of the query, or -1
        for (size_t j = 0; j < open.size(); j++)
            if (tasks[open[j]].unconditional >= 0) {
                unconditional[j] = int(pieces.size());
                add_query(tasks[open[j]].unconditional, tasks[open[j]]);
            }
        engine.predict(pieces.data(), int(pieces.size()), values.data(), known.data(), logits);
        engine.pool().parallel_for(int(open.size()), [&](int j) {
            float* row_logits = logits + size_t(j) * size;
            if (unconditional[j] >= 0)
                guide(row_logits, logits + size_t(unconditional[j]) * size,
                      tasks[open[j]].guidance, size);
            rows[open[j]]->step(row_logits);
        });
    }
}
