using System.Text.Json;
using System.Text.Json.Nodes;
using FindMe.Faces;

namespace FindMe.Evaluation;

/// <summary>Measures detected faces by height, and false detections.</summary>
internal static class Detect
{
    // Minimum intersection over union with the labelled box, as the labels define it. WIDER FACE uses 0.5.
    private const double LeastOverlap = 0.4;

    private static readonly string[] Bands = ["<24", "24-48", ">48"];

    /// <summary>Evaluates a file of labelled faces.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="path">
    /// Columns <c>file,n_faces,boxes_xywh_or_points</c>: the last one is a JSON array of [x, y, width, height] or [x, y]. A point counts as
    /// detected if it is inside a box, and has no height. A photo with 0 faces shows no face.
    /// </param>
    /// <param name="cancellationToken">Cancels the evaluation.</param>
    public static (JsonObject Summary, JsonObject Details) Evaluate(FaceEngine engine, string path, CancellationToken cancellationToken)
    {
        var table = CsvTable.Read(path, "file", "n_faces", "boxes_xywh_or_points");
        var photos = Photos.Analyze(engine, table.Rows.Select(row => table.PathIn(row, "file")), "photos", cancellationToken);
        var results = table.Rows.Select(row => Match(
            table.Field(row, "file"), ReadLabels(path, row, table), photos[table.PathIn(row, "file")]?.Faces ?? [])).ToList();

        var boxes = results.Where(result => result.Faces.Any(face => face.Band is not null)).ToList();
        var points = results.SelectMany(result => result.Faces).Where(face => face.Band is null).ToList();
        var empty = results.Where(result => result.Faces.Count == 0).ToList();
        var summary = new JsonObject
        {
            ["recall"] = ByBand(band => RecallOf(boxes.SelectMany(result => result.Faces).Where(face => face.Band == band))),
            ["recallByPhoto"] = ByBand(band => MeanRecall(boxes, band)),
            ["faces"] = ByBand(band => boxes.Sum(result => result.Faces.Count(face => face.Band == band))),
            ["recallOfPoints"] = RecallOf(points),
            ["points"] = points.Count,
            ["photosWithoutFace"] = empty.Count,
            ["photosWithFalseDetection"] = empty.Count(result => result.Others > 0),
            ["falseDetections"] = empty.Sum(result => result.Others),
        };
        var details = new JsonObject
        {
            ["photos"] = new JsonArray([.. results.Select(result => new JsonObject
            {
                ["file"] = result.File,
                ["faces"] = result.Faces.Count,
                ["found"] = result.Faces.Count(face => face.Found),
                ["others"] = result.Others,
            })]),
        };
        return (summary, details);
    }

    // Matches boxes and labelled faces one to one, pairs with the largest overlap first.
    private static PhotoResult Match(string file, List<double[]> labels, IReadOnlyList<DetectedFace> found)
    {
        var pairs =
            from label in Enumerable.Range(0, labels.Count)
            from face in Enumerable.Range(0, found.Count)
            let overlap = OverlapOf(labels[label], found[face].Box)
            where overlap > LeastOverlap
            orderby overlap descending
            select (Label: label, Face: face);
        var (matchedLabels, matchedFaces) = (new HashSet<int>(), new HashSet<int>());
        foreach (var (label, face) in pairs)
        {
            if (!matchedLabels.Contains(label) && !matchedFaces.Contains(face))
            {
                matchedLabels.Add(label);
                matchedFaces.Add(face);
            }
        }

        var faces = labels.Select((label, index) => new LabelledFace(BandOf(label), matchedLabels.Contains(index))).ToList();
        return new PhotoResult(file, faces, found.Count - matchedFaces.Count);
    }

    // A point has no extent: its overlap with a box grows towards the box's centre, so that the nearest box wins.
    private static double OverlapOf(double[] label, Box box)
    {
        if (label.Length == 2)
        {
            var (x, y) = (Math.Abs(((label[0] - box.X) / box.Width) - 0.5), Math.Abs(((label[1] - box.Y) / box.Height) - 0.5));
            return Math.Max(x, y) <= 0.5 ? 1 - Math.Max(x, y) : 0;
        }

        var width = Math.Min(box.X + box.Width, label[0] + label[2]) - Math.Max(box.X, label[0]);
        var height = Math.Min(box.Y + box.Height, label[1] + label[3]) - Math.Max(box.Y, label[1]);
        var common = Math.Max(0, width) * Math.Max(0, height);
        return common / ((box.Width * box.Height) + (label[2] * label[3]) - common);
    }

    private static string? BandOf(double[] label) => label.Length == 2 ? null : label[3] < 24 ? Bands[0] : label[3] <= 48 ? Bands[1] : Bands[2];

    private static JsonObject ByBand<T>(Func<string?, T> value)
    {
        var result = new JsonObject();
        foreach (var band in Bands)
        {
            result[band] = JsonValue.Create(value(band));
        }

        return result;
    }

    private static double? MeanRecall(List<PhotoResult> photos, string? band) =>
        photos.Select(photo => RecallOf(photo.Faces.Where(face => face.Band == band))).Average() is { } mean ? Report.Round(mean) : null;

    private static double? RecallOf(IEnumerable<LabelledFace> faces)
    {
        var all = faces.ToList();
        return all.Count == 0 ? null : Report.Round((double)all.Count(face => face.Found) / all.Count);
    }

    private static List<double[]> ReadLabels(string path, string[] row, CsvTable table)
    {
        var text = table.Field(row, "boxes_xywh_or_points");
        try
        {
            var labels = JsonSerializer.Deserialize<List<double[]>>(text);
            if (labels is not null && labels.TrueForAll(label => label.Length is 2 or 4))
            {
                return labels;
            }
        }
        catch (JsonException)
        {
            // Reported below, with the file's name.
        }

        throw new EvaluationException($"{path}: the boxes of {table.Field(row, "file")} must be an array of [x, y, width, height] or [x, y].");
    }

    private sealed record PhotoResult(string File, IReadOnlyList<LabelledFace> Faces, int Others);

    private sealed record LabelledFace(string? Band, bool Found);
}
