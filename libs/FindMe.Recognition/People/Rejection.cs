using FindMe.Faces;

namespace FindMe.Recognition;

/// <summary>Open-set rejection: how far from the middle of a person's faces a face may lie and still be that person's.</summary>
/// <param name="Midpoints">The distance for each person at which a face is as likely a stranger's.</param>
/// <param name="Alike">Faces, by their places, that lie where another person's do: a twin's, or in the wrong folder.</param>
internal sealed record Rejection(float[] Midpoints, IReadOnlyList<(int Face, int Person)> Alike)
{
    // Of fewer, a percent is nobody.
    private const int EnoughStrangers = 100;

    /// <summary>Learns from faces whose people are known.</summary>
    /// <param name="faces">The faces; a label beyond the people's is a stranger's.</param>
    /// <param name="centroids">The middle of each person's faces.</param>
    /// <param name="recipe">The recipe that made them.</param>
    /// <param name="strangersPercent">Share of strangers that may lie nearer, in percent.</param>
    public static Rejection Learn(IReadOnlyList<(int Label, FaceEmbedding Embedding)> faces, float[][] centroids, RecognitionRecipe recipe, double strangersPercent)
    {
        // A person's face from the middle of the person's others: it must not lie in the middle that it is compared with.
        var byPerson = Enumerable.Range(0, centroids.Length).Select(label => faces.Where(face => face.Label == label).Select(face => face.Embedding).ToArray()).ToArray();
        var ownOf = Array.ConvertAll(byPerson, person => person.Length < 2
            ? []
            : person.Select(face => PeopleModel.Distance(Centre(person, recipe.Metric, without: face), face.Values)).Order().ToArray());
        var own = ownOf.SelectMany(distances => distances).Order().ToArray();

        // Everybody's face from the nearest middle of somebody else.
        var foreign = faces
            .Select((face, index) => (Face: index, face.Label, Nearest: Nearest(face.Embedding, centroids, face.Label)))
            .Where(face => face.Nearest.Person >= 0)
            .ToArray();

        // A face nearer than half of the person's own is a twin's, or the person's in the wrong folder; then so is every other that lies where
        // the person's own do. They are this person's trouble, not everybody's.
        var twins = foreign.Where(face => face.Nearest.Distance < Own(face.Nearest.Person)[Own(face.Nearest.Person).Length / 2]).Select(face => face.Nearest.Person).ToHashSet();
        var isAlike = foreign.ToLookup(face => twins.Contains(face.Nearest.Person) && face.Nearest.Distance <= Own(face.Nearest.Person)[^1]);

        // Two people are told apart by the softmax: where there are strangers enough, the distance has to keep out only those.
        var enough = faces.Count(IsStranger) >= EnoughStrangers;
        var common = CommonDistance(own, [.. isAlike[false].Where(face => IsKeptOut(face.Label)).Select(face => face.Nearest.Distance).Order()], recipe, strangersPercent);
        var even = Enumerable.Repeat(common, centroids.Length).ToArray();
        foreach (var face in isAlike[true].Where(face => IsKeptOut(face.Label)))
        {
            even[face.Nearest.Person] = Math.Min(even[face.Nearest.Person], face.Nearest.Distance);
        }

        return new Rejection(even, [.. isAlike[true].Select(face => (face.Face, face.Nearest.Person))]);

        bool IsStranger((int Label, FaceEmbedding Embedding) face) => face.Label >= centroids.Length;

        bool IsKeptOut(int label) => !enough || label >= centroids.Length;

        // Of a person with one photo nothing is known but how the others are.
        float[] Own(int person) => ownOf[person].Length > 0 ? ownOf[person] : own.Length > 0 ? own : [0];
    }

    /// <summary>The middle of some faces.</summary>
    /// <param name="faces">The faces.</param>
    /// <param name="metric">How they are compared.</param>
    /// <param name="without">One that does not count; null if all do.</param>
    public static float[] Centre(FaceEmbedding[] faces, EmbeddingMetric metric, FaceEmbedding? without)
    {
        var sum = new float[faces[0].Values.Length];
        foreach (var face in faces.Where(face => face != without))
        {
            for (var i = 0; i < sum.Length; i++)
            {
                sum[i] += face.Values[i];
            }
        }

        var count = faces.Length - (without is null ? 0 : 1);
        var norm = MathF.Sqrt(sum.Sum(value => value * value));
        var divisor = metric == EmbeddingMetric.Cosine && norm > 0 ? norm : count;
        return Array.ConvertAll(sum, value => value / divisor);
    }

    // The distance that keeps strangers out, and lets people in where it can: halfway where there is room between the two, and never wider
    // than what is one person by the recipe.
    private static float CommonDistance(float[] own, float[] foreign, RecognitionRecipe recipe, double strangersPercent)
    {
        if (foreign.Length == 0)
        {
            return recipe.MatchDistance;
        }

        var strict = foreign[(int)(foreign.Length * strangersPercent / 100)];
        var wide = own.Length > 0 ? own[(int)((own.Length - 1) * (1 - (strangersPercent / 100)))] : 0;
        return Math.Min(wide > 0 && wide < strict ? (wide + strict) / 2 : strict, recipe.MatchDistance);
    }

    private static (int Person, float Distance) Nearest(FaceEmbedding face, float[][] centroids, int own)
    {
        var nearest = (Person: -1, Distance: float.PositiveInfinity);
        for (var person = 0; person < centroids.Length; person++)
        {
            if (person != own && PeopleModel.Distance(centroids[person], face.Values) is var distance && distance < nearest.Distance)
            {
                nearest = (person, distance);
            }
        }

        return nearest;
    }
}
