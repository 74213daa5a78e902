using FindMe.Faces;
using FindMe.ModelBuilder;

[assembly: AssemblyFixture(typeof(FindMe.Recognition.Tests.TestPeople))]

namespace FindMe.Recognition.Tests;

/// <summary>Shares an engine among all tests, and portraits of people cropped from the demo photos.</summary>
public sealed class TestPeople : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private string? _adaVectors;

    internal static string ModelsPath { get; } = Checkouts.Models;

    public FaceEngine Engine { get; private set; } = null!;

    /// <summary>Path of a portrait of the first person in the first photo.</summary>
    internal string Ada { get; private set; } = "";

    /// <summary>Path of a portrait of the second person in the first photo.</summary>
    internal string Bob { get; private set; } = "";

    public async ValueTask InitializeAsync()
    {
        await ModelBuild.Of(Checkouts.Root, ModelsPath, TextWriter.Null).RunAsync(TestContext.Current.CancellationToken);
        Engine = FaceEngine.Load(new FaceEngineOptions { ModelsPath = ModelsPath });
        var photo = PhotoPixels.Decode(await File.ReadAllBytesAsync(PhotoPath(1), TestContext.Current.CancellationToken));
        var faces = Engine.Analyze(photo, TestContext.Current.CancellationToken).Faces.OrderBy(face => face.Box.X).ToList();
        Ada = Cut(photo, faces[0].Box, "ada.jpg");
        Bob = Cut(photo, faces[1].Box, "bob.jpg");
    }

    /// <summary>Output of <c>findme train</c> for Ada's portrait.</summary>
    internal string AdaVectors => _adaVectors ??= FaceVectorTraining.Train(Engine, File.ReadAllBytes(Ada)).Vectors!.ToCsv();

    public ValueTask DisposeAsync()
    {
        Engine.Dispose();
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>Path of one of the six demo photos, each of a group.</summary>
    internal static string PhotoPath(int number) => Path.Combine(ModelsPath, "demo", $"sample{number}.jpg");

    /// <summary>Crops a portrait of the first person in another photo.</summary>
    internal byte[] CutFrom(int number)
    {
        var photo = PhotoPixels.Decode(File.ReadAllBytes(PhotoPath(number)));
        return Cut(photo, Engine.Analyze(photo).Faces.OrderBy(face => face.Box.X).First().Box);
    }

    private string Cut(PhotoPixels photo, Box face, string name)
    {
        var path = Path.Combine(_folder.Path, name);
        File.WriteAllBytes(path, Cut(photo, face));
        return path;
    }

    private static byte[] Cut(PhotoPixels photo, Box face)
    {
        // Includes hair and chin, but not the neighbours.
        var (left, top) = (Math.Max(0, (int)(face.X - (face.Width * 0.25f))), Math.Max(0, (int)(face.Y - (face.Height * 0.25f))));
        var (width, height) = (Math.Min(photo.Width - left, (int)(face.Width * 1.5f)), Math.Min(photo.Height - top, (int)(face.Height * 1.5f)));
        var rgb = new byte[width * height * 3];
        for (var y = 0; y < height; y++)
        {
            photo.Rgb.AsSpan((((top + y) * photo.Width) + left) * 3, width * 3).CopyTo(rgb.AsSpan(y * width * 3));
        }

        return new PhotoPixels(width, height, rgb).ToJpeg(95);
    }
}
