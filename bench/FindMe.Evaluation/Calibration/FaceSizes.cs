using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using FindMe.Faces;

namespace FindMe.Evaluation;

/// <summary>What is left of a face when a photo shows it small.</summary>
internal static class FaceSizes
{
    private static readonly int[] Heights = [96, 48, 32, 24, 20, 16, 12];

    /// <summary>The second picture of each of some people is shrunk until its face is so many pixels high, and compared with everybody's first.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="portraits">The pictures.</param>
    /// <param name="mostPeople">How many people, at most.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>By height: shares of faces found, matched, taken for somebody else, and what is matched when one in 1,000 is taken for another.</returns>
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
                    distances.Add((face?.Embedding.DistanceTo(other[0].Face.Embedding), other[0].Person == person[0].Person));
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

    // Never enlarged: a face that is smaller than asked for stays as it is.
    private static DetectedFace? Shrink(FaceEngine engine, Portrait portrait, int height, CancellationToken cancellationToken)
    {
        var longSide = (int)Math.Round(Math.Max(portrait.Width, portrait.Height) * height / portrait.Face.Box.Height);
        var small = PhotoRendering.ToJpeg(File.ReadAllBytes(portrait.Path), Math.Clamp(longSide, 8, 4_096));
        return Photos.MainFaceOf(engine.Analyze(small, cancellationToken));
    }
}
