using System.Text.Json.Nodes;

namespace FindMe.Testing;

/// <summary>The confidence of a match by its distance, for an event's album in which 1 in 20 faces is the person's.</summary>
/// <param name="Steepness">Steepness of the logistic curve over the distance.</param>
/// <param name="Midpoint">Distance with a confidence of 0.5.</param>
internal sealed record AlbumConfidence(double Steepness, double Midpoint)
{
    // Measured in the public events: between 1 in 15 and 1 in 25 faces.
    private const double BaseRate = 0.05;

    private const int Bins = 10;

    /// <summary>Fits the curve by maximum likelihood, with pairs weighted to the base rate of an album.</summary>
    /// <param name="same">Distances between pictures of the same person.</param>
    /// <param name="different">Distances between pictures of different people.</param>
    public static AlbumConfidence Fit(float[] same, float[] different)
    {
        // Newton's method on the log-odds a + b·x, with x centred so that a and b are nearly independent.
        const double centre = 1.1;
        var (a, b) = (0.0, -20.0);
        for (var round = 0; round < 50; round++)
        {
            var (ga, gb, haa, hab, hbb) = (0.0, 0.0, 1e-9, 0.0, 1e-9);
            Add(same, BaseRate / same.Length, 1);
            Add(different, (1 - BaseRate) / different.Length, 0);
            var determinant = (haa * hbb) - (hab * hab);
            var (stepA, stepB) = (((hbb * ga) - (hab * gb)) / determinant, ((haa * gb) - (hab * ga)) / determinant);
            var damping = Math.Min(1, 5 / Math.Max(Math.Abs(stepA), Math.Abs(stepB)));
            (a, b) = (a + (damping * stepA), b + (damping * stepB));
            if (Math.Abs(stepA) + Math.Abs(stepB) < 1e-6)
            {
                break;
            }

            void Add(float[] distances, double weight, double target)
            {
                foreach (var distance in distances)
                {
                    var x = distance - centre;
                    var share = 1 / (1 + Math.Exp(-(a + (b * x))));
                    var (error, curvature) = (weight * (target - share), weight * share * (1 - share));
                    (ga, gb) = (ga + error, gb + (error * x));
                    (haa, hab, hbb) = (haa + curvature, hab + (curvature * x), hbb + (curvature * x * x));
                }
            }
        }

        return new AlbumConfidence(-b, centre - (a / b));
    }

    /// <summary>Returns the confidence at a distance, 0 to 1.</summary>
    public double At(double distance) => 1 / (1 + Math.Exp((distance - Midpoint) * Steepness));

    /// <summary>
    /// Returns the expected calibration error in bins of 0.1, weighted by the share of an album in each bin: over all faces, and over
    /// those shown, whose distance is at most <paramref name="maybeDistance"/>.
    /// </summary>
    public JsonObject MeasureError(float[] same, float[] different, double maybeDistance)
    {
        var bins = new (double Weight, double Confidence, double Right)[Bins];
        var shown = new (double Weight, double Confidence, double Right)[Bins];
        Add(same, BaseRate / same.Length, 1);
        Add(different, (1 - BaseRate) / different.Length, 0);
        return new JsonObject
        {
            ["ofAllFaces"] = Rounded(ErrorOf(bins)),
            ["ofThoseShown"] = Rounded(ErrorOf(shown)),
            ["bins"] = new JsonArray([.. shown.Where(bin => bin.Weight > 0).Select(bin => new JsonObject
            {
                ["confidence"] = Rounded(bin.Confidence / bin.Weight),
                ["right"] = Rounded(bin.Right / bin.Weight),
                ["shareOfShown"] = Rounded(bin.Weight / shown.Sum(other => other.Weight)),
            })]),
        };

        void Add(float[] distances, double weight, double right)
        {
            foreach (var distance in distances)
            {
                var confidence = At(distance);
                var index = Math.Min(Bins - 1, (int)(confidence * Bins));
                bins[index] = Plus(bins[index], weight, confidence, right);
                if (distance <= maybeDistance)
                {
                    shown[index] = Plus(shown[index], weight, confidence, right);
                }
            }
        }
    }

    private static double Rounded(double value) => Math.Round(value, 4);

    private static (double Weight, double Confidence, double Right) Plus(
        (double Weight, double Confidence, double Right) bin, double weight, double confidence, double right) =>
        (bin.Weight + weight, bin.Confidence + (weight * confidence), bin.Right + (weight * right));

    private static double ErrorOf((double Weight, double Confidence, double Right)[] bins) =>
        bins.Sum(bin => Math.Abs(bin.Confidence - bin.Right)) / bins.Sum(bin => bin.Weight);
}
