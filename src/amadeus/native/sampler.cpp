#include "sampler.h"

#include <numeric>
#include <stdexcept>

namespace {

constexpr double FIRST = 1e9;  // more urgent than anything
constexpr float NEVER = -std::numeric_limits<float>::infinity();

class Row {
public:
    Row(Task& task, const Vocabulary& vocabulary, const Sizes& sizes)
        : task_(task), words_(vocabulary), width_(sizes.most_values), sizes_(sizes),
          legal_(size_t(ATTRIBUTES) * sizes.most_values), bar_ticks_(longest_metre()) {
        possible_ = settle();
    }

    bool possible() const { return possible_; }
    int masked() const { return int(std::count(task_.known, task_.known + ATTRIBUTES, 0)); }

    // Reveals this step's share of what is masked, and what is sure. logits: [A, most values],
    // changed.
    void step(float* logits) {
        int share = (masked() + task_.steps - 1) / task_.steps;
        task_.steps--;
        lean(logits);
        if (task_.ends_with >= 0) end_for_new_bar(logits);
        double urgency[ATTRIBUTES];
        for (int a = 0; a < ATTRIBUTES; a++) urgency[a] = urgency_of(a, logits + a * width_);
        int order[ATTRIBUTES];
        std::iota(order, order + ATTRIBUTES, 0);
        std::stable_sort(order, order + ATTRIBUTES,
                         [&](int a, int b) { return urgency[a] > urgency[b]; });
        bool sure[ATTRIBUTES];
        find_sure(logits, sure);
        for (int i = 0; i < ATTRIBUTES && possible_; i++)
            if (!task_.known[order[i]] && (i < share || sure[order[i]]))
                reveal(order[i], logits + order[i] * width_);
    }

private:
    int64_t longest_metre() const {
        int metres = words_.first_rest - words_.first_bar;
        return *std::max_element(words_.metre_ticks, words_.metre_ticks + metres);
    }

    void lean(float* logits) const {
        if (task_.bias)
            for (int i = 0; i < ATTRIBUTES * width_; i++) logits[i] += task_.bias[i];
        for (const Link& link : task_.links) {
            int64_t place = task_.values[link.given] - link.first;
            if (!link.table || !task_.known[link.given]) continue;
            if (place < 0 || place >= link.count) continue;
            for (int v = 0; v < width_; v++)
                logits[link.leaned * width_ + v] += link.table[place * width_ + v];
        }
    }

    // Where another bar would begin, the piece ends.
    void end_for_new_bar(float* logits) const {
        float* types = logits + words_.type * width_;
        int last = sizes_.values[words_.type];
        float most = types[task_.ends_with];
        for (int v = words_.first_bar; v < last; v++) most = std::max(most, types[v]);
        double total = std::exp(double(types[task_.ends_with] - most));
        for (int v = words_.first_bar; v < last; v++) total += std::exp(double(types[v] - most));
        types[task_.ends_with] = float(most + std::log(total));
    }

    double urgency_of(int a, const float* logits) const {
        if (task_.known[a]) return -std::numeric_limits<double>::infinity();
        if (task_.first[a]) return FIRST - task_.first[a];
        if (task_.order == 3) return -task_.places[a];
        if (task_.order == 2) return task_.noise[a];
        return certainty(a, logits, task_.order == 1);
    }

    // Which attributes need not wait for another prediction; nothing passes those to come first.
    void find_sure(const float* logits, bool* sure) const {
        bool waits = task_.threshold > 1;
        for (int a = 0; a < ATTRIBUTES && !waits; a++) {
            sure[a] = task_.known[a] ||
                      certainty(a, logits + a * width_, false) >= task_.threshold;
            waits = task_.first[a] && !sure[a];
        }
        if (waits) std::fill_n(sure, ATTRIBUTES, false);
    }

    // Largest probability of the legal values, or their negative entropy in nats.
    double certainty(int a, const float* logits, bool entropy) const {
        const uint8_t* legal = &legal_[size_t(a) * width_];
        int room = (sizes_.values[a] + LANES - 1) / LANES * LANES;
        static thread_local Buffer<float> scratch;
        scratch.resize(room);
        float* __restrict kept = scratch.data();
        int size = sizes_.values[a];
        for (int v = 0; v < size; v++) kept[v] = legal[v] ? logits[v] : NEVER;
        std::fill(kept + size, kept + room, NEVER);
        Floats most = broadcast(NEVER), total{}, weighed{};
        for (int v = 0; v < room; v += LANES) most = maximum(most, load(kept + v));
        float top = reduce_max(most);
        for (int v = 0; v < room; v += LANES) {
            Floats relative = load(kept + v) - top, weight = exp_nonpositive(relative);
            total += weight;
            weighed += weight > 0 ? weight * relative : Floats{};
        }
        if (!entropy) return 1.0f / reduce_sum(total);
        return reduce_sum(weighed) / reduce_sum(total) - std::log(reduce_sum(total));
    }

    void reveal(int a, const float* logits) {
        task_.values[a] = draw(a, logits);
        task_.known[a] = 1;
        possible_ = settle();
    }

    // The value drawn by inverting the distribution function of the nucleus; see `draw` there.
    int draw(int a, const float* logits) const {
        static thread_local std::vector<int> values;
        static thread_local std::vector<double> weights, rest;
        values.clear();
        for (int v = 0; v < sizes_.values[a]; v++)
            if (legal_[size_t(a) * width_ + v]) values.push_back(v);
        int best = values[0];
        for (int v : values)
            if (logits[v] > logits[best]) best = v;
        if (task_.temperatures[a] == 0) return best;
        weights.clear();
        for (int v : values)
            weights.push_back(std::exp((double(logits[v]) - logits[best]) / task_.temperatures[a]));
        if (task_.top_ps[a] < 1) {
            rest = weights;  // as a heap: few of them make up the nucleus
            std::make_heap(rest.begin(), rest.end());
            double wanted = task_.top_ps[a] * std::accumulate(rest.begin(), rest.end(), 0.0);
            double sum = 0;
            while (rest.size() > 1 && (sum += rest.front()) < wanted) {
                std::pop_heap(rest.begin(), rest.end());
                rest.pop_back();
            }
            double least = rest.front();
            for (double& weight : weights)
                if (weight < least) weight = 0;
        }
        double goal = task_.noise[ATTRIBUTES + a] *
                      std::accumulate(weights.begin(), weights.end(), 0.0);
        double sum = 0;
        int drawn = best;
        for (size_t i = 0; i < values.size(); i++) {
            if (weights[i] > 0) drawn = values[i];
            if ((sum += weights[i]) > goal) break;
        }
        return drawn;
    }

    // Commits what the grammar leaves no choice about; false where it leaves nothing.
    bool settle() {
        if (!find_legal()) return false;
        for (int a = 0; a < ATTRIBUTES; a++) {
            const uint8_t* legal = &legal_[size_t(a) * width_];
            int count = std::accumulate(legal, legal + sizes_.values[a], 0);
            if (!count) return false;
            if (count != 1) continue;
            task_.values[a] = std::find(legal, legal + sizes_.values[a], 1) - legal;
            task_.known[a] = 1;
        }
        return true;
    }

    // The values that the known ones leave: `Grammar.allowed`.
    bool find_legal() {
        std::fill(legal_.begin(), legal_.end(), 0);
        uint8_t* __restrict legal = legal_.data();
        int size = ATTRIBUTES * width_;
        bool any = false;
        for (int p = 0; p < task_.num_products; p++) {
            const uint8_t* sets = task_.products + size_t(p) * ATTRIBUTES * width_;
            if (!agrees(p, sets)) continue;
            any = true;
            for (int i = 0; i < size; i++) legal[i] |= sets[i];
        }
        if (!any) return false;
        int metres = words_.first_rest - words_.first_bar;
        uint8_t* types = &legal_[size_t(words_.type) * width_];
        uint8_t* beats = &legal_[size_t(words_.beat) * width_];
        int64_t type = task_.values[words_.type], beat = task_.values[words_.beat];
        if (opens_bar(type))
            for (int64_t v = words_.metre_ticks[type - words_.first_bar] + 1; v < width_; v++)
                beats[v] = 0;
        if (task_.known[words_.beat])
            for (int m = 0; m < metres; m++)
                if (beat > words_.metre_ticks[m]) types[words_.first_bar + m] = 0;
        for (int a = 0; a < ATTRIBUTES; a++) {
            if (!task_.known[a]) continue;
            std::fill_n(&legal_[size_t(a) * width_], width_, 0);
            legal_[size_t(a) * width_ + task_.values[a]] = 1;
        }
        return true;
    }

    bool opens_bar(int64_t type) const {
        return task_.known[words_.type] && type >= words_.first_bar && type < words_.first_rest;
    }

    bool agrees(int p, const uint8_t* sets) const {
        for (int a = 0; a < ATTRIBUTES; a++)
            if (task_.known[a] && !sets[a * width_ + task_.values[a]]) return false;
        if (!task_.known[words_.type] && !task_.known[words_.beat]) return true;
        int64_t type = task_.values[words_.type];
        int64_t first = task_.known[words_.beat] ? task_.values[words_.beat] : task_.first_beats[p];
        int64_t last = task_.bar_ticks[p];
        if (task_.known[words_.type])
            last = opens_bar(type) ? words_.metre_ticks[type - words_.first_bar] : bar_ticks_;
        return first <= last;
    }

    Task& task_;
    const Vocabulary& words_;
    int width_;
    const Sizes& sizes_;
    std::vector<uint8_t> legal_;
    int64_t bar_ticks_;
    bool possible_;
};

// Throws std::out_of_range for a task that would lead outside an array.
void check(const Engine& engine, const Vocabulary& vocabulary, const Task& task) {
    engine.check_piece(task.with_text);
    if (task.without_text != -1) engine.check_piece(task.without_text);
    engine.check_row(task.values, task.known);
    if (task.steps < 1) throw std::out_of_range("a row is revealed in at least one step");
    if (task.ends_with < -1 || task.ends_with >= engine.sizes.values[vocabulary.type])
        throw std::out_of_range("a piece cannot end with type " + std::to_string(task.ends_with));
    for (const Link& link : task.links)
        for (int attribute : {link.given, link.leaned})
            if (attribute < 0 || attribute >= ATTRIBUTES)
                throw std::out_of_range("there is no attribute " + std::to_string(attribute));
}

// Logits moved by guidance: `guide`.
void guide(float* with_text, const float* without, float scale, int count) {
    for (int i = 0; i < count; i++)
        with_text[i] = without[i] + scale * (with_text[i] - without[i]);
}

}  // namespace

int unmask(Engine& engine, const Vocabulary& vocabulary, Task* tasks, int count) {
    for (int i = 0; i < count; i++) check(engine, vocabulary, tasks[i]);
    int size = ATTRIBUTES * engine.sizes.most_values;
    std::vector<std::unique_ptr<Row>> rows(count);
    engine.pool.parallel_for(count, [&](int i) {
        rows[i] = std::make_unique<Row>(tasks[i], vocabulary, engine.sizes);
    });
    static thread_local Buffer<float> logits;
    logits.resize(size_t(2) * count * size);  // of each with its text, and without
    for (;;) {
        std::vector<int> open, pieces;
        for (int i = 0; i < count; i++) {
            if (!rows[i]->possible()) return i;
            if (rows[i]->masked()) open.push_back(i);
        }
        if (open.empty()) return -1;
        std::vector<int64_t> values;
        std::vector<uint8_t> known;
        auto ask = [&](int piece, const Task& task) {
            pieces.push_back(piece);
            values.insert(values.end(), task.values, task.values + ATTRIBUTES);
            known.insert(known.end(), task.known, task.known + ATTRIBUTES);
        };
        for (int i : open) ask(tasks[i].with_text, tasks[i]);
        std::vector<int> guided(open.size(), -1);
        for (size_t j = 0; j < open.size(); j++)
            if (tasks[open[j]].without_text >= 0) {
                guided[j] = int(pieces.size());
                ask(tasks[open[j]].without_text, tasks[open[j]]);
            }
        engine.predict(pieces.data(), int(pieces.size()), values.data(), known.data(),
                       logits.data());
        float* all_logits = logits.data();
        engine.pool.parallel_for(int(open.size()), [&](int j) {
            float* own = all_logits + size_t(j) * size;
            if (guided[j] >= 0)
                guide(own, all_logits + size_t(guided[j]) * size, tasks[open[j]].guidance, size);
            rows[open[j]]->step(own);
        });
    }
}
