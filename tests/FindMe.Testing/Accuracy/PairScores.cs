namespace FindMe.Testing;

/// <summary>How well a distance tells pairs of one person from pairs of two.</summary>
internal sealed class PairScores
{
    // No two embeddings are farther apart than this: what a face that was not found counts as.
    private const float Farthest = 10;

    private readonly float[] _same;
    private readonly float[] _different;

    /// <summary>Sorts the pairs' distances.</summary>
    /// <param name="pairs">Each pair's distance, null where a face was not found, which counts as different; and whether it is one person.</param>
    public PairScores(IEnumerable<(float? Distance, bool Same)> pairs)
    {
        var all = pairs.ToLookup(pair => pair.Same, pair => pair.Distance ?? Farthest);
        (_same, _different) = ([.. all[true].Order()], [.. all[false].Order()]);
    }

    /// <summary>Number of pairs.</summary>
    public int Count => _same.Length + _different.Length;

    /// <summary>Share of the pairs of one person that are at most so far apart; 0 where there are none.</summary>
    public double TrueAcceptRate(float threshold) => Share(_same, threshold);

    /// <summary>Share of the pairs of two people that are at most so far apart; 0 where there are none.</summary>
    public double FalseAcceptRate(float threshold) => Share(_different, threshold);

    /// <summary>Share of all pairs that are told right at a threshold.</summary>
    public double AccuracyAt(float threshold) =>
        Count == 0 ? 0 : (double)(CountUpTo(_same, threshold) + _different.Length - CountUpTo(_different, threshold)) / Count;

    /// <summary>The threshold of most pairs told right, and their share. Of several thresholds as good, the middle one of the first run.</summary>
    public (float Threshold, double Accuracy) FindBest()
    {
        var candidates = Candidates();
        var best = candidates.Select(AccuracyAt).DefaultIfEmpty(0).Max();
        var first = candidates.FindIndex(threshold => AccuracyAt(threshold) == best);
        var last = first;
        while (last + 1 < candidates.Count && AccuracyAt(candidates[last + 1]) == best)
        {
            last++;
        }

        return candidates.Count == 0 ? (0, 0) : ((candidates[first] + candidates[last]) / 2, best);
    }

    /// <summary>Share of the pairs of one person found at the threshold where at most this share of the others is accepted.</summary>
    public double TrueAcceptRateAt(double falseAcceptRate)
    {
        var allowed = (int)(falseAcceptRate * _different.Length);
        return allowed >= _different.Length
            ? 1
            : (double)_same.Count(distance => distance < _different[allowed]) / Math.Max(1, _same.Length);
    }

    /// <summary>The rate at which as large a share of the one kind is told wrong as of the other.</summary>
    public double FindEqualErrorRate()
    {
        var (closest, rate) = (double.PositiveInfinity, 0.0);
        foreach (var threshold in Candidates())
        {
            var (missed, accepted) = (1 - TrueAcceptRate(threshold), FalseAcceptRate(threshold));
            if (Math.Abs(missed - accepted) < closest)
            {
                (closest, rate) = (Math.Abs(missed - accepted), (missed + accepted) / 2);
            }
        }

        return rate;
    }

    // A threshold between any two neighbours does what one at the lower of them does.
    private List<float> Candidates() => [.. _same.Concat(_different).Where(distance => distance < Farthest).Distinct().Order()];

    private static double Share(float[] sorted, float threshold) => sorted.Length == 0 ? 0 : (double)CountUpTo(sorted, threshold) / sorted.Length;

    private static int CountUpTo(float[] sorted, float threshold)
    {
        var (low, high) = (0, sorted.Length);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = sorted[middle] <= threshold ? (middle + 1, high) : (low, middle);
        }

        return low;
    }
}
