namespace FindMe.Testing;

/// <summary>Measures how well a distance separates pairs of the same person from pairs of different people.</summary>
internal sealed class PairScores
{
    // The maximum distance between embeddings, used for pairs with an undetected face.
    private const float Farthest = 10;

    private readonly float[] _same;
    private readonly float[] _different;

    /// <summary>Creates the scores of pairs.</summary>
    /// <param name="pairs">Each pair's distance (null for an undetected face, which counts as different), and whether it is the same person.</param>
    public PairScores(IEnumerable<(float? Distance, bool Same)> pairs)
    {
        var all = pairs.ToLookup(pair => pair.Same, pair => pair.Distance ?? Farthest);
        (_same, _different) = ([.. all[true].Order()], [.. all[false].Order()]);
    }

    /// <summary>Number of pairs.</summary>
    public int Count => _same.Length + _different.Length;

    /// <summary>True positive rate: share of same-person pairs within a threshold; 0 without such pairs.</summary>
    public double TrueAcceptRate(float threshold) => Share(_same, threshold);

    /// <summary>False positive rate: share of different-people pairs within a threshold; 0 without such pairs.</summary>
    public double FalseAcceptRate(float threshold) => Share(_different, threshold);

    /// <summary>Accuracy: share of all pairs classified correctly at a threshold.</summary>
    public double AccuracyAt(float threshold) =>
        Count == 0 ? 0 : (double)(CountUpTo(_same, threshold) + _different.Length - CountUpTo(_different, threshold)) / Count;

    /// <summary>Returns the threshold with the best accuracy, and the accuracy. For equally good ones, the middle of the first range.</summary>
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

    /// <summary>Returns the true positive rate at the threshold with at most this false positive rate.</summary>
    public double TrueAcceptRateAt(double falseAcceptRate)
    {
        var allowed = (int)(falseAcceptRate * _different.Length);
        return allowed >= _different.Length
            ? 1
            : (double)_same.Count(distance => distance < _different[allowed]) / Math.Max(1, _same.Length);
    }

    /// <summary>Returns the equal error rate.</summary>
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

    // Only distances that occur matter: a threshold between two neighbours equals one at the lower.
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
