using FindMe.Faces;

namespace FindMe.Recognition;

/// <summary>Open-set rejection: how far from a person's centroid a face may be to still count as that person's.</summary>
/// <param name="Midpoints">For each person, the distance at which a face is equally likely to be a stranger's.</param>
/// <param name="Lookalikes">Indices of faces that are as near to another person as that person's own: twins, or photos in the wrong folder.</param>
internal sealed record Rejection(float[] Midpoints, IReadOnlyList<(int Face, int Person)> Lookalikes)
{
    // With fewer strangers, one percent is less than one face.
    private const int EnoughStrangers = 100;

    /// <summary>Learns the midpoints from labelled faces.</summary>
    /// <param name="faces">The faces; labels from the number of people on are strangers.</param>
    /// <param name="centroids">The centroid of each person's faces.</param>
    /// <param name="recipe">The recipe that made the embeddings.</param>
    /// <param name="strangersPercent">Share of strangers that may be nearer than the midpoint, in percent.</param>
    public static Rejection Learn(IReadOnlyList<(int Label, FaceEmbedding Embedding)> faces, float[][] centroids, RecognitionRecipe recipe, double strangersPercent)
    {
        // Leave-one-out distances: each face of a person from the centroid of the person's other faces.
        var byPerson = Enumerable.Range(0, centroids.Length).Select(label => faces.Where(face => face.Label == label).Select(face => face.Embedding).ToArray()).ToArray();
        var ownOf = Array.ConvertAll(byPerson, person => person.Length < 2
            ? []
            : person.Select(face => PeopleModel.Distance(Centroid(person, recipe.Metric, without: face), face.Values)).Order().ToArray());
        var own = ownOf.SelectMany(distances => distances).Order().ToArray();

        // Distance of each face from the nearest centroid of another person.
        var foreign = faces
            .Select((face, index) => (Face: index, face.Label, Nearest: Nearest(face.Embedding, centroids, face.Label)))
            .Where(face => face.Nearest.Person >= 0)
            .ToArray();

        // A foreign face nearer to a person than half of the person's own faces belongs to a twin, or is in the wrong folder. Then every foreign
        // face within the person's own distances is a lookalike too. Lookalikes tighten the midpoint of this person only.
        var twins = foreign.Where(face => face.Nearest.Distance < Own(face.Nearest.Person)[Own(face.Nearest.Person).Length / 2]).Select(face => face.Nearest.Person).ToHashSet();
        var byLookalike = foreign.ToLookup(face => twins.Contains(face.Nearest.Person) && face.Nearest.Distance <= Own(face.Nearest.Person)[^1]);

        // The softmax separates known people. With enough strangers, the distance needs to reject only strangers.
        var enough = faces.Count(IsStranger) >= EnoughStrangers;
        var common = CommonDistance(own, [.. byLookalike[false].Where(face => MustBeRejected(face.Label)).Select(face => face.Nearest.Distance).Order()], recipe, strangersPercent);
        var midpoints = Enumerable.Repeat(common, centroids.Length).ToArray();
        foreach (var face in byLookalike[true].Where(face => MustBeRejected(face.Label)))
        {
            midpoints[face.Nearest.Person] = Math.Min(midpoints[face.Nearest.Person], face.Nearest.Distance);
        }

        return new Rejection(midpoints, [.. byLookalike[true].Select(face => (face.Face, face.Nearest.Person))]);

        bool IsStranger((int Label, FaceEmbedding Embedding) face) => face.Label >= centroids.Length;

        bool MustBeRejected(int label) => !enough || label >= centroids.Length;

        // A person with one photo has no distances: assume those of the other people.
        float[] Own(int person) => ownOf[person].Length > 0 ? ownOf[person] : own.Length > 0 ? own : [0];
    }

    /// <summary>Returns the centroid of faces.</summary>
    /// <param name="faces">The faces.</param>
    /// <param name="metric">With <see cref="EmbeddingMetric.Cosine"/> the centroid has unit length.</param>
    /// <param name="without">A face to leave out; null for none.</param>
    public static float[] Centroid(FaceEmbedding[] faces, EmbeddingMetric metric, FaceEmbedding? without)
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

    // The largest distance that rejects strangers. If people and strangers are separated, it is halfway between them. Never larger than the
    // recipe's match distance.
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
