
namespace FindMe.Faces.Tests;

public sealed class PairScoresTests
{
    private static readonly PairScores Scores = new(
    [
        (0.2f, true), (0.4f, true), (0.6f, true), (1.0f, true), (null, true),
        (0.5f, false), (0.9f, false), (1.1f, false), (1.2f, false), (null, false),
    ]);

    [Fact]
    public void A_missed_face_counts_as_not_accepted()
    {
        Assert.Equal(0.8, Scores.TrueAcceptRate(2));
        Assert.Equal(0.8, Scores.FalseAcceptRate(2));
    }

    [Fact]
    public void Accuracy_counts_pairs_of_one_person_and_of_two()
    {
        // At 0.6, three of five pairs of one person are accepted, and one of five pairs of two people.
        Assert.Equal(0.7, Scores.AccuracyAt(0.6f), 1e-9);
        Assert.Equal(10, Scores.Count);
    }

    [Fact]
    public void The_best_threshold_has_the_highest_accuracy()
    {
        var (threshold, accuracy) = Scores.FindBest();

        Assert.Equal(0.7, accuracy, 1e-9);
        Assert.Equal(accuracy, Scores.AccuracyAt(threshold), 1e-9);
    }

    [Fact]
    public void The_true_accept_rate_counts_pairs_below_the_first_disallowed_false_accept()
    {
        Assert.Equal(0.4, Scores.TrueAcceptRateAt(0));
        Assert.Equal(0.6, Scores.TrueAcceptRateAt(0.2));
        Assert.Equal(0.8, Scores.TrueAcceptRateAt(0.4));
    }

    [Fact]
    public void The_equal_error_rate_is_where_both_error_rates_are_equal() => Assert.Equal(0.4, Scores.FindEqualErrorRate(), 1e-9);

    [Fact]
    public void The_fitted_confidence_is_calibrated_on_its_own_data()
    {
        // For two normal distributions of equal width, log-odds are linear, so a logistic curve can fit exactly.
        var random = new Random(3);
        float[] same = [.. Enumerable.Range(0, 20_000).Select(_ => (float)(0.8 + (0.1 * Normal(random))))];
        float[] different = [.. Enumerable.Range(0, 20_000).Select(_ => (float)(1.2 + (0.1 * Normal(random))))];

        var confidence = AlbumConfidence.Fit(same, different);

        // In theory, the steepness is 0.4 / 0.1² = 40, and the midpoint is where 40 · (1.0 − d) = ln 19.
        Assert.InRange(confidence.Steepness, 37, 43);
        Assert.InRange(confidence.Midpoint, 0.91, 0.94);
        Assert.InRange((double)confidence.MeasureError(same, different, 1.3)["ofAllFaces"]!, 0, 0.01);
    }

    private static double Normal(Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
