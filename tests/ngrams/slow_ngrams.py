"""Plain Python twins of the n-gram models, straight from the papers: dictionaries, loops, one probability at a time."""

from collections import Counter

BEGIN = "<s>"


def grams(sequences, order, end=None):
    """Occurrences of every n-gram of 1..order, sequences opened by BEGIN and closed by ``end`` where given."""
    found = Counter()
    for sequence in sequences:
        line = (BEGIN, *map(int, sequence), *([] if end is None else [end]))
        for n in range(1, order + 1):
            found.update(line[i : i + n] for i in range(len(line) - n + 1))
    return found


def adjusted(found, order):
    """Occurrences at the top and after BEGIN, else the number of different symbols seen before; BEGIN itself is no outcome."""
    before = Counter(gram[1:] for gram in found)
    return {g: c if len(g) == order or g[0] == BEGIN else before[g] for g, c in found.items() if g != (BEGIN,)}


def discounts(counts, n):
    of = Counter(c for g, c in counts.items() if len(g) == n)
    if min(of[1], of[2], of[3]) == 0:
        return [0, 0.5, 1.0, 1.5]
    y = of[1] / (of[1] + 2 * of[2])
    d = [0, 1 - 2 * y * of[2] / of[1], 2 - 3 * y * of[3] / of[2], 3 - 4 * y * of[4] / of[3]]
    return d if all(0 <= d[j] <= j for j in (1, 2, 3)) else [0, 0.5, 1.0, 1.5]


def kneser_ney(sequences, order, classes, end=None, discount=None):
    counts = adjusted(grams(sequences, order, end), order)
    levels = {n: discount or discounts(counts, n) for n in range(1, order + 1)}

    def probability(word, context):
        if context is None:
            return 1 / classes
        after = {g[-1]: c for g, c in counts.items() if g[:-1] == context}
        shorter = context[1:] if context else None
        if not after:
            return probability(word, shorter)
        d = levels[len(context) + 1]
        total = sum(after.values())
        gamma = sum(d[min(c, 3)] for c in after.values()) / total
        c = after.get(word, 0)
        return (c - d[min(c, 3)]) / total + gamma * probability(word, shorter)

    return lambda word, past: probability(word, _context(past, order))


def ppm(sequences, order, classes, end=None, escape="D", update_exclusion=True):
    found = grams(sequences, order, end)
    counts = adjusted(found, order) if update_exclusion else {g: c for g, c in found.items() if g != (BEGIN,)}

    def probability(word, past):
        mass, excluded = 1.0, set()
        context = _context(past, order)
        while True:
            after = {g[-1]: c for g, c in counts.items() if g[:-1] == context}
            if after:
                left = {w: c for w, c in after.items() if w not in excluded}
                n, d = sum(left.values()), len(left)
                full = len(after) == classes
                if escape == "C":
                    chance = {w: c / (n if full else n + d) for w, c in left.items()}
                else:
                    chance = {w: (c if full else c - 0.5) / n for w, c in left.items()}
                if word in chance:
                    return mass * chance[word]
                if left:
                    mass *= 0 if full else 1 - sum(chance.values())
                excluded |= set(after)
            if not context:
                return mass / (classes - len(excluded))
            context = context[1:]

    return probability


def _context(past, order):
    line = (BEGIN, *past)
    return line[max(0, len(line) - order + 1) :]
