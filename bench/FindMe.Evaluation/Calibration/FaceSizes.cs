using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using FindMe.Faces;

namespace FindMe.Evaluation;

/// <summary>Measures the accuracy for small faces.</summary>
internal static class FaceSizes
{
    private static readonly int[] Heights = [96, 48, 32, 24, 20, 16, 12];

    /// <summary>Shrinks the second picture of each person to several face heights, and compares it with everybody's first picture.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="portraits">The pictures.</param>
    /// <param name="mostPeople">Maximum number of people.</param>
    /// <param name="cancellationToken">Cancels the evaluation.</param>
    /// <returns>By face height: shares of faces detected, matched and mismatched, and the share matched at a false positive rate of 1 in 1,000.</returns>
    public static JsonObject Evaluate(FaceEngine engine, IReadOnlyList<Portrait> portraits, int mostPeople, CancellationToken cancellationToken)
    {
        var people = portraits.GroupBy(portrait => portrait.Person).Where(person => person.Count() > 1).ToList();
        var chosen = people.Where((_, index) => index % Math.Max(1, people.Count / mostPeople) == 0).Select(person => person.ToArray()).ToList();
        using var progress = new Progress("small faces", Heights.Length * chosen.Count);
        var result = new JsonObject();
        foreach (var height in Heights)
        {
            var distances = new ConcurrentBag<(float? Distance, bool Same)>();
            var (found, parallel) = (0, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount, CancellationToken = cancellationToken });
            Parallel.ForEach(chosen, parallel, person =>
            {
                var face = Shrink(engine, person[1], height, cancellationToken);
                Interlocked.Add(ref found, face is null ? 0 : 1);
                foreach (var other in chosen)
                {
                    distances.Add((face?.Embedding.DistanceTo(other[0].Reference), other[0].Person == person[0].Person));
                }

                progress.Step();
            });
            var scores = new PairScores(distances);
            result[$"{height}"] = new JsonObject
            {
                ["faces"] = chosen.Count,
                ["detected"] = Report.Round((double)found / chosen.Count),
                ["matched"] = Report.Round(scores.TrueAcceptRate(engine.MatchDistance)),
                ["matchedOrMaybe"] = Report.Round(scores.TrueAcceptRate(engine.MaybeDistance)),
                ["wrong"] = Math.Round(scores.FalseAcceptRate(engine.MatchDistance), 6),
                ["tarAtFar1e-3"] = Report.Round(scores.TrueAcceptRateAt(1e-3)),
            };
        }

        return result;
    }

    // Never enlarges: a smaller face keeps its size.
    private static DetectedFace? Shrink(FaceEngine engine, Portrait portrait, int height, CancellationToken cancellationToken)
    {
        var longSide = (int)Math.Round(Math.Max(portrait.Width, portrait.Height) * height / portrait.Face.Box.Height);
        var small = PhotoRendering.ToJpeg(File.ReadAllBytes(portrait.Path), Math.Clamp(longSide, 8, 4_096));
        return Photos.MainFaceOf(engine.Analyze(small, cancellationToken));
    }
}
