using FindMe.Faces;

namespace FindMe.Recognition;

/// <summary>Open-set rejection: how far from the middle of a person's faces a face may lie and still be that person's.</summary>
internal static class Rejection
{
    // Of fewer, a percent is nobody.
    private const int EnoughStrangers = 100;

    /// <summary>The distance for each person at which a face is as likely a stranger's.</summary>
    /// <param name="byPerson">Each person's faces.</param>
    /// <param name="centres">The middle of each person's faces.</param>
    /// <param name="strangers">Faces of strangers.</param>
    /// <param name="recipe">The recipe that made them.</param>
    /// <param name="strangersPercent">Share of strangers that may lie nearer, in percent.</param>
    public static float[] EvenDistances(
        FaceEmbedding[][] byPerson, float[][] centres, IReadOnlyCollection<FaceEmbedding> strangers, RecognitionRecipe recipe, double strangersPercent)
    {
        // A person's face from the middle of the person's others: it must not lie in the middle that it is compared with.
        var ownOf = Array.ConvertAll(byPerson, faces => faces.Length < 2
            ? []
            : faces.Select(face => PeopleModel.Distance(Centre(faces, recipe.Metric, without: face), face.Values)).Order().ToArray());
        var own = ownOf.SelectMany(distances => distances).Order().ToArray();

        // A stranger's face from the nearest middle; where there are few strangers, also a person's from the nearest of somebody else. Two
        // people are told apart by the softmax: where there are strangers enough, the distance has to keep out only those.
        var foreign = strangers.Select(face => Nearest(face, centres, own: -1))
            .Concat(strangers.Count >= EnoughStrangers ? [] : byPerson.SelectMany((faces, label) => faces.Select(face => Nearest(face, centres, label))))
            .Where(nearest => nearest.Person >= 0)
            .ToArray();

        // A face nearer than half of the person's own is a twin's, or the person's in the wrong folder; then so is every other that lies where
        // the person's own do. They are this person's trouble, not everybody's.
        var twins = foreign.Where(face => face.Distance < Own(face.Person)[Own(face.Person).Length / 2]).Select(face => face.Person).ToHashSet();
        var isAlike = foreign.ToLookup(face => twins.Contains(face.Person) && face.Distance <= Own(face.Person)[^1]);
        var common = CommonDistance(own, [.. isAlike[false].Select(face => face.Distance).Order()], recipe, strangersPercent);
        var even = Enumerable.Repeat(common, byPerson.Length).ToArray();
        foreach (var (person, distance) in isAlike[true])
        {
            even[person] = Math.Min(even[person], distance);
        }

        return even;

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

    private static (int Person, float Distance) Nearest(FaceEmbedding face, float[][] centres, int own)
    {
        var nearest = (Person: -1, Distance: float.PositiveInfinity);
        for (var person = 0; person < centres.Length; person++)
        {
            if (person != own && PeopleModel.Distance(centres[person], face.Values) is var distance && distance < nearest.Distance)
            {
                nearest = (person, distance);
            }
        }

        return nearest;
    }
}
