using System.Text.Json.Nodes;
using FindMe.Faces;

namespace FindMe.Evaluation;

/// <summary>Compares rules for several selfies of one person: nearest, mean embedding, or mean distance.</summary>
internal static class ReferenceRules
{
    private const int MostReferences = 3;

    private static readonly (string Name, Func<float[], FaceEmbedding[], FaceEmbedding, float> Distance)[] Rules =
    [
        ("nearest", (distances, _, _) => distances.Min()),
        ("meanDistance", (distances, _, _) => distances.Average()),
        ("meanPlace", (_, references, face) => MeanOf(references).DistanceTo(face)),
    ];

    /// <summary>
    /// Uses the first one, two and three pictures of people with at least four as selfies, and searches the others among everybody else's
    /// pictures.
    /// </summary>
    /// <returns>By number of selfies and rule: true and false positive rate at the match distance, and the true positive rate at a false positive rate of 1 in 10,000.</returns>
    public static JsonObject Evaluate(IReadOnlyList<Portrait> portraits, float matchDistance)
    {
        var people = portraits.GroupBy(portrait => portrait.Person).Where(person => person.Count() > MostReferences).Select(person => person.ToArray()).ToList();
        var result = new JsonObject { ["people"] = people.Count };
        for (var count = 1; count <= MostReferences; count++)
        {
            var byRule = new JsonObject();
            foreach (var (name, distance) in count == 1 ? Rules[..1] : Rules)
            {
                var scores = new PairScores(people.AsParallel().SelectMany(person => Distances(person, count, distance, portraits)).ToList());
                byRule[name] = new JsonObject
                {
                    ["found"] = Report.Round(scores.TrueAcceptRate(matchDistance)),
                    ["wrong"] = Math.Round(scores.FalseAcceptRate(matchDistance), 6),
                    ["tarAtFar1e-4"] = Report.Round(scores.TrueAcceptRateAt(1e-4)),
                };
            }

            result[$"{count}"] = byRule;
        }

        return result;
    }

    private static IEnumerable<(float? Distance, bool Same)> Distances(
        Portrait[] person, int count, Func<float[], FaceEmbedding[], FaceEmbedding, float> distance, IReadOnlyList<Portrait> all)
    {
        var references = person[..count].Select(portrait => portrait.Reference).ToArray();
        return person[MostReferences..]
            .Concat(all.Where(other => other.Person != person[0].Person))
            .Select(other => ((float?)distance(
                Array.ConvertAll(references, reference => reference.DistanceTo(other.Face.Embedding)), references, other.Face.Embedding), other.Person == person[0].Person));
    }

    private static FaceEmbedding MeanOf(FaceEmbedding[] references)
    {
        var sum = new float[references[0].Values.Length];
        foreach (var reference in references)
        {
            for (var i = 0; i < sum.Length; i++)
            {
                sum[i] += reference.Values[i] / references.Length;
            }
        }

        return FaceEmbedding.FromModelOutput(sum);
    }
}
