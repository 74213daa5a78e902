using System.Text;
using System.Text.Json.Nodes;
using FindMe.Faces;
using FindMe.Recognition;

namespace FindMe.Vision;

/// <summary>Requests for the OpenAPI document that work as they are: with a face out of the demo photos that come with the models.</summary>
/// <remarks>Where the demo photos are missing, as in the image of the container, the picture is grey and shows no face.</remarks>
internal sealed class ApiExamples
{
    // Enough for every model, and 5 kB in base64.
    private const float FaceHeight = 96;

    private const int GreySide = 64;
    private const int Quality = 75;

    private readonly Lazy<Task<(string Picture, FaceVectors? Vectors)>> _made;

    public ApiExamples(Lazy<FaceEngine> engine) => _made = new(() => engine.Value.RunAsync(Make));

    /// <summary>A picture, in base64.</summary>
    public async Task<JsonNode> PictureAsync() => (await _made.Value).Picture;

    /// <summary>A body of POST /faces/recognize; null where there is no face.</summary>
    public async Task<JsonNode?> RecognizeAsync() => await _made.Value is ({ } picture, { } vectors)
        ? new JsonObject
        {
            ["recipe"] = vectors.Recipe,
            ["vectors"] = new JsonArray(new JsonArray([.. vectors.Vectors[0].Values.ToArray().Select(value => JsonValue.Create(value))])),
            ["image"] = picture,
        }
        : null;

    /// <summary>The CSV of AWSLambdaFace, in base64; null where there is no face.</summary>
    public async Task<JsonNode?> CsvAsync() => (await _made.Value).Vectors is { } vectors
        ? Convert.ToBase64String(Encoding.UTF8.GetBytes(vectors.ToCsv(comment: false)))
        : null;

    private static (string Picture, FaceVectors? Vectors) Make(FaceEngine engine)
    {
        // Models and demo photos lie in one folder.
        var photo = Path.Combine(Path.GetDirectoryName(EdgeRecipe.ModelFiles(engine).Landmarks)!, "demo", "sample1.jpg");
        var picture = File.Exists(photo) ? CropFace(engine, File.ReadAllBytes(photo)) : null;
        var trained = picture is null ? null : FaceVectorTraining.Train(engine, picture).Vectors;
        picture ??= new PhotoPixels(GreySide, GreySide, [.. Enumerable.Repeat((byte)128, GreySide * GreySide * 3)]).ToJpeg(Quality);
        return (Convert.ToBase64String(picture), trained is null ? null : new FaceVectors(trained.Recipe, [trained.Vectors[0]]));
    }

    private static byte[]? CropFace(FaceEngine engine, byte[] photo)
    {
        var analyzed = engine.Analyze(photo);
        if (analyzed.Faces.Count == 0)
        {
            return null;
        }

        var face = analyzed.Faces.MaxBy(found => found.Box.Height)!.Box;
        var scale = Math.Min(1, FaceHeight / face.Height);
        var small = PhotoPixels.Decode(photo, (int)(Math.Max(analyzed.Width, analyzed.Height) * scale));
        var side = (int)(2 * face.Height * scale);
        var (width, height) = (Math.Min(side, small.Width), Math.Min(side, small.Height));
        var left = Math.Clamp((int)((face.X + (face.Width / 2)) * scale) - (width / 2), 0, small.Width - width);
        var top = Math.Clamp((int)((face.Y + (face.Height / 2)) * scale) - (height / 2), 0, small.Height - height);
        var crop = new byte[width * height * 3];
        for (var y = 0; y < height; y++)
        {
            small.Rgb.AsSpan((((top + y) * small.Width) + left) * 3, width * 3).CopyTo(crop.AsSpan(y * width * 3));
        }

        return new PhotoPixels(width, height, crop).ToJpeg(Quality);
    }
}
