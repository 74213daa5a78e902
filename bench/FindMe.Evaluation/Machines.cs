using System.Globalization;
using System.Text.Json.Nodes;
using FindMe.Faces;

namespace FindMe.Evaluation;

/// <summary>Compares two dumps of the same photos, made on different machines: how far boxes, landmarks and embeddings move.</summary>
internal static class Machines
{
    private const int BoxNumbers = 5;
    private const int LandmarkNumbers = 2 * 68;

    private static readonly double[] Quantiles = [0.5, 0.9, 0.99, 1];

    /// <summary>Compares two dumps.</summary>
    /// <param name="first">Output of <c>dump --lines</c> on one machine.</param>
    /// <param name="second">Output of <c>dump --lines</c> on the other machine, for the same photos.</param>
    /// <param name="matchDistance">Two faces within this distance are one person.</param>
    /// <param name="cancellationToken">Cancels the comparison.</param>
    public static (JsonObject Summary, JsonObject Details) Evaluate(
        FileInfo first, FileInfo second, double matchDistance, CancellationToken cancellationToken)
    {
        var (a, b) = (Read(first), Read(second));
        var (matched, only) = (new List<Moved>(), new List<(string Photo, string In, Face Face)>());
        foreach (var photo in a.Keys.Union(b.Keys, StringComparer.Ordinal).Order(StringComparer.Ordinal))
        {
            if (!a.TryGetValue(photo, out var facesOfFirst) || !b.TryGetValue(photo, out var facesOfSecond))
            {
                throw new EvaluationException($"{photo} is in one dump only: dump the same folder on both machines.");
            }

            var left = facesOfSecond.ToList();
            foreach (var face in facesOfFirst)
            {
                var same = left.MaxBy(other => other.Box.OverlapWith(face.Box));
                if (same is null || same.Box.OverlapWith(face.Box) <= FaceDetection.SameFaceOverlap)
                {
                    only.Add((photo, "first", face));
                    continue;
                }

                left.Remove(same);
                matched.Add(new Moved(photo, face, same));
            }

            only.AddRange(left.Select(face => (photo, "second", face)));
        }

        var (pairs, different, matches) = CompareVerdicts(matched, matchDistance, cancellationToken);
        var summary = new JsonObject
        {
            ["photos"] = a.Count,
            ["faces"] = matched.Count,
            ["onlyInFirst"] = only.Count(face => face.In == "first"),
            ["onlyInSecond"] = only.Count(face => face.In == "second"),
            ["identical"] = matched.Count(face => face.Distance == 0),
            ["embedding"] = Describe(matched, face => face.Distance),
            ["embeddingsBeyond0.05"] = matched.Count(face => face.Distance > 0.05),
            ["boxShare"] = Describe(matched, face => face.BoxShare),
            ["landmarkShare"] = Describe(matched, face => face.LandmarkShare),
            ["score"] = Describe(matched, face => Math.Abs(face.First.Score - face.Second.Score)),
            ["pairs"] = pairs,
            ["matches"] = matches,
            ["differentVerdicts"] = different,
        };
        var details = new JsonObject
        {
            ["worst"] = new JsonArray([.. matched.OrderByDescending(face => face.Distance).Take(100).Select(face => new JsonObject
            {
                ["photo"] = face.Photo,
                ["distance"] = Report.Round(face.Distance),
                ["pixels"] = Math.Round(Math.Max(face.First.Box.Width, face.First.Box.Height), 1),
                ["boxShare"] = Report.Round(face.BoxShare),
                ["landmarkShare"] = Report.Round(face.LandmarkShare),
                ["scores"] = new JsonArray(Report.Round(face.First.Score), Report.Round(face.Second.Score)),
            })]),
            ["only"] = new JsonArray([.. only.Select(face => new JsonObject
            {
                ["photo"] = face.Photo,
                ["in"] = face.In,
                ["pixels"] = Math.Round(Math.Max(face.Face.Box.Width, face.Face.Box.Height), 1),
                ["score"] = Report.Round(face.Face.Score),
            })]),
        };
        return (summary, details);
    }

    // Every face as the reference of every other: on the first machine, on the second, and with the reference made on the first and the
    // photo analysed on the second, as two replicas may do.
    private static (long Pairs, long Different, long Matches) CompareVerdicts(
        List<Moved> faces, double matchDistance, CancellationToken cancellationToken)
    {
        var (pairs, different, matches) = (0L, 0L, 0L);
        Parallel.For(0, faces.Count, new ParallelOptions { CancellationToken = cancellationToken }, i =>
        {
            var (differentHere, matchesHere) = (0L, 0L);
            for (var j = i + 1; j < faces.Count; j++)
            {
                var onFirst = Distance(faces[i].First.Embedding, faces[j].First.Embedding) <= matchDistance;
                var onSecond = Distance(faces[i].Second.Embedding, faces[j].Second.Embedding) <= matchDistance;
                var across = Distance(faces[i].First.Embedding, faces[j].Second.Embedding) <= matchDistance;
                matchesHere += onFirst ? 1 : 0;
                differentHere += onFirst != onSecond || onFirst != across ? 1 : 0;
            }

            Interlocked.Add(ref pairs, faces.Count - i - 1);
            Interlocked.Add(ref different, differentHere);
            Interlocked.Add(ref matches, matchesHere);
        });
        return (pairs, different, matches);
    }

    private static Dictionary<string, List<Face>> Read(FileInfo dump)
    {
        if (!dump.Exists)
        {
            throw new EvaluationException($"{dump.FullName} is missing.");
        }

        var photos = new Dictionary<string, List<Face>>(StringComparer.Ordinal);
        foreach (var line in File.ReadLines(dump.FullName))
        {
            var (photo, fields) = line.Split('\t') is [var name, var rest]
                ? (name, rest.Split(' '))
                : throw new EvaluationException($"{dump.FullName} is not a dump.");
            if (!photos.TryGetValue(photo, out var faces))
            {
                photos.Add(photo, faces = []);
            }

            // The photo's own line is much shorter than that of a face.
            if (fields.Length > BoxNumbers + LandmarkNumbers)
            {
                var numbers = Array.ConvertAll(fields, field => float.Parse(field, CultureInfo.InvariantCulture));
                faces.Add(new Face(
                    new Box(numbers[0], numbers[1], numbers[2], numbers[3]),
                    numbers[4],
                    numbers[BoxNumbers..(BoxNumbers + LandmarkNumbers)],
                    numbers[(BoxNumbers + LandmarkNumbers)..]));
            }
        }

        return photos;
    }

    private static double Distance(float[] a, float[] b)
    {
        var sum = 0.0;
        for (var i = 0; i < a.Length; i++)
        {
            var difference = (double)a[i] - b[i];
            sum += difference * difference;
        }

        return Math.Sqrt(sum);
    }

    private static JsonObject Describe(List<Moved> faces, Func<Moved, double> measure)
    {
        var sorted = faces.Select(measure).Order().ToList();
        return new JsonObject(Quantiles.Where(_ => sorted.Count > 0).Select(quantile => KeyValuePair.Create<string, JsonNode?>(
            quantile == 1 ? "worst" : $"{quantile:0.##}",
            double.Round(sorted[(int)(quantile * (sorted.Count - 1))], 7))));
    }

    private sealed record Face(Box Box, float Score, float[] Landmarks, float[] Embedding);

    /// <summary>The same face in both dumps.</summary>
    private sealed record Moved(string Photo, Face First, Face Second)
    {
        public double Distance { get; } = Machines.Distance(First.Embedding, Second.Embedding);

        /// <summary>The largest move of an edge, as a share of the box's longer side.</summary>
        public double BoxShare => new[]
        {
            First.Box.X - Second.Box.X, First.Box.Y - Second.Box.Y, First.Box.Right - Second.Box.Right, First.Box.Bottom - Second.Box.Bottom,
        }.Max(Math.Abs) / Size;

        /// <summary>The root mean square of the landmarks' moves, as a share of the box's longer side.</summary>
        public double LandmarkShare => Machines.Distance(First.Landmarks, Second.Landmarks) / Math.Sqrt(First.Landmarks.Length / 2) / Size;

        private double Size => Math.Max(First.Box.Width, First.Box.Height);
    }
}
