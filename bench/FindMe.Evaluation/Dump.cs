using System.Globalization;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using FindMe.Faces;

namespace FindMe.Evaluation;

/// <summary>Dumps all results of the engine as text, whose SHA-256 tells whether two engines are equal.</summary>
internal static class Dump
{
    private static readonly string[] Extensions = [".jpg", ".jpeg", ".png", ".webp", ".gif", ".avif", ".tif", ".tiff"];

    /// <summary>Writes one line per photo and face, ordered by file name.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="folder">Photos, also in its subfolders; files of other kinds are skipped.</param>
    /// <param name="lines">Receives the lines; null to compute only the digest.</param>
    /// <param name="cancellationToken">Cancels the evaluation.</param>
    public static (JsonObject Summary, JsonObject Details) Evaluate(FaceEngine engine, string folder, FileInfo? lines, CancellationToken cancellationToken)
    {
        var files = FilesOf(folder);
        var photos = Photos.Analyze(engine, files, "photos", cancellationToken);
        var text = new StringBuilder();
        IReadOnlyList<FaceEmbedding> before = [];
        var faces = 0;
        foreach (var file in files)
        {
            var name = Path.GetRelativePath(folder, file).Replace('\\', '/');
            if (photos[file] is not { } photo)
            {
                text.Append(name).Append("\tunreadable\n");
                continue;
            }

            // Compares with the faces of the previous photo, so that all kinds of verdicts occur without a list of people.
            var verdict = engine.Compare(photo, before);
            text.Append(name).Append('\t').AppendJoin(' ', photo.Width, photo.Height, photo.Fingerprint, verdict.Kind)
                .Append(' ').AppendJoin(' ', Numbers([verdict.Distance ?? -1, verdict.Confidence ?? -1])).Append('\n');
            foreach (var face in photo.Faces)
            {
                text.Append(name).Append('\t').AppendJoin(' ', Numbers([face.Box.X, face.Box.Y, face.Box.Width, face.Box.Height, face.Score]))
                    .Append(' ').AppendJoin(' ', Numbers(MemoryMarshal.Cast<Vector2, float>(face.Landmarks.Points)))
                    .Append(' ').AppendJoin(' ', Numbers(face.Embedding.Values)).Append('\n');
                faces++;
            }

            before = [.. photo.Faces.Select(face => face.Embedding)];
        }

        var bytes = Encoding.UTF8.GetBytes(text.ToString());
        if (lines is not null)
        {
            File.WriteAllBytes(lines.FullName, bytes);
        }

        var summary = new JsonObject
        {
            ["photos"] = files.Count,
            ["unreadable"] = photos.Unreadable.Count(),
            ["faces"] = faces,
            ["sha256"] = Convert.ToHexStringLower(SHA256.HashData(bytes)),
        };
        return (summary, new JsonObject());
    }

    /// <summary>Returns the photos of a folder and its subfolders, ordered by name.</summary>
    /// <exception cref="EvaluationException">The folder is missing.</exception>
    public static List<string> FilesOf(string folder) => Directory.Exists(folder)
        ? [.. Directory.GetFiles(folder, "*", SearchOption.AllDirectories)
            .Where(file => Extensions.Contains(Path.GetExtension(file), StringComparer.OrdinalIgnoreCase))
            .Order(StringComparer.Ordinal)]
        : throw new EvaluationException($"{folder} is missing.");

    // The shortest text that parses back to the same number.
    private static string[] Numbers(ReadOnlySpan<float> values)
    {
        var texts = new string[values.Length];
        for (var i = 0; i < texts.Length; i++)
        {
            texts[i] = values[i].ToString("R", CultureInfo.InvariantCulture);
        }

        return texts;
    }
}
