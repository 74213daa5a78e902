using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using FindMe.Faces;
using NetVips;

namespace FindMe.Evaluation;

/// <summary>Tests whether bad selfies are rejected or warned about, and good ones are not, by degrading pictures step by step.</summary>
internal static class Quality
{
    // Number of people whose first picture is degraded and compared with the second one.
    private const int MostPeople = 80;

    // Blur relative to the face height; light as gamma exponent; size as face height in pixels.
    private static readonly Damage[] Damages =
    [
        new("as it is", null),
        new("blur 1 %", (picture, face) => picture.Gaussblur(face.Box.Height * 0.01)),
        new("blur 2 %", (picture, face) => picture.Gaussblur(face.Box.Height * 0.02)),
        new("blur 4 %", (picture, face) => picture.Gaussblur(face.Box.Height * 0.04)),
        new("blur 8 %", (picture, face) => picture.Gaussblur(face.Box.Height * 0.08)),
        new("gamma 0.5", (picture, _) => picture.Gamma(0.5)),
        new("gamma 0.25", (picture, _) => picture.Gamma(0.25)),
        new("gamma 0.15", (picture, _) => picture.Gamma(0.15)),
        new("gamma 3", (picture, _) => picture.Gamma(3)),
        new("gamma 6", (picture, _) => picture.Gamma(6)),
        new("64 px", (picture, face) => picture.Resize(64 / face.Box.Height)),
        new("48 px", (picture, face) => picture.Resize(48.5 / face.Box.Height)),
        new("32 px", (picture, face) => picture.Resize(32 / face.Box.Height)),
    ];

    /// <summary>Evaluates degraded pictures of a manifest's people as selfies.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="path">The manifest, in the format of <see cref="Identities.Read"/>; only JPEGs are degraded.</param>
    /// <param name="cancellationToken">Cancels the evaluation.</param>
    /// <returns>
    /// By degradation: shares of pictures rejected and warned about, mean quality, and the share that finds the person in another picture,
    /// including rejected ones.
    /// </returns>
    public static (JsonObject Summary, JsonObject Details) Evaluate(FaceEngine engine, string path, CancellationToken cancellationToken)
    {
        var people = ReadPeople(path);
        using var progress = new Progress("references", people.Count * Damages.Length);
        var readings = new ConcurrentBag<(string Damage, Reading Reading)>();
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount, CancellationToken = cancellationToken };
        Parallel.ForEach(people, parallel, person =>
        {
            var photo = File.ReadAllBytes(person.First);
            var other = Photos.MainFaceOf(engine.Analyze(File.ReadAllBytes(person.Second), cancellationToken));
            var face = Photos.MainFaceOf(engine.Analyze(photo, cancellationToken));
            foreach (var damage in Damages)
            {
                if (other is not null && face is not null)
                {
                    readings.Add((damage.Name, Read(engine, damage.Apply(photo, face), other, cancellationToken)));
                }

                progress.Step();
            }
        });
        var summary = new JsonObject(Damages.Select(damage =>
        {
            var all = readings.Where(reading => reading.Damage == damage.Name).Select(reading => reading.Reading).ToList();
            return KeyValuePair.Create<string, JsonNode?>(damage.Name, new JsonObject
            {
                ["references"] = all.Count,
                ["refused"] = Report.Round(all.Average(reading => reading.Refused ? 1 : 0)),
                ["warned"] = Report.Round(all.Average(reading => reading.Warned ? 1 : 0)),
                ["quality"] = Report.Round(all.Average(reading => reading.Quality)),
                ["found"] = Report.Round(all.Average(reading => reading.Found ? 1 : 0)),
            });
        }));
        return (summary, new JsonObject());
    }

    // Compares the face like any photo's, also of a rejected selfie, which shows the cost of the rejection.
    private static Reading Read(FaceEngine engine, byte[] photo, DetectedFace other, CancellationToken cancellationToken)
    {
        var reading = engine.AnalyzeReference(photo, null, cancellationToken);
        var found = Photos.MainFaceOf(engine.Analyze(photo, cancellationToken))?.Embedding.DistanceTo(other.Embedding) <= engine.MatchDistance;
        return new Reading(reading.Problem is not null, reading.Warnings.Count > 0, reading.Quality, found);
    }

    private static List<(string First, string Second)> ReadPeople(string path)
    {
        var table = CsvTable.Read(path, "file", "label");
        var people = table.Rows
            .Where(row => !table.Field(row, "label").Contains(' ') && table.Field(row, "file").EndsWith(".jpg", StringComparison.OrdinalIgnoreCase))
            .GroupBy(row => table.Field(row, "label"))
            .Where(person => person.Count() > 1)
            .Select(person => (table.PathIn(person.First(), "file"), table.PathIn(person.ElementAt(1), "file")))
            .ToList();
        return people.Where((_, index) => index % Math.Max(1, people.Count / MostPeople) == 0).ToList();
    }

    private sealed record Reading(bool Refused, bool Warned, float Quality, bool Found);

    private sealed record Damage(string Name, Func<Image, DetectedFace, Image>? Edit)
    {
        public byte[] Apply(byte[] photo, DetectedFace face)
        {
            if (Edit is null)
            {
                return photo;
            }

            using var source = Image.JpegloadBuffer(photo);
            using var damaged = Edit(source, face);
            return damaged.JpegsaveBuffer(q: 90);
        }
    }
}
