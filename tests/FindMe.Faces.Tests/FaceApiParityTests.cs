using System.Security.Cryptography;
using System.Text.Json;

namespace FindMe.Faces.Tests;

/// <summary>Compares the converted models with results of face-api.js for the same pixels, recorded by Golden/record.mjs.</summary>
public sealed class FaceApiParityTests : IDisposable
{
    // Coordinates were recorded with four decimals, scores with seven. The rest is floating-point summation order, scaled to the 1,920 pixels
    // of a photo.
    private const float PixelTolerance = 0.01f;
    private const float ScoreTolerance = 1e-5f;

    // Recorded with six decimals; the differences of 128 values sum to less than this.
    private const float DescriptorTolerance = 1e-4f;

    // The 8-bit model rounds activations to steps of 1/42.
    private const float QuantizedOverlap = 0.8f;

    private readonly FaceDetection _floats = FaceDetection.Load(EngineFixture.ModelsPath, DetectionKind.FaceApi);
    private readonly FaceDetection _bytes = FaceDetection.Load(EngineFixture.ModelsPath, DetectionKind.EverySize);
    private readonly LandmarkDetection _landmarks =
        LandmarkDetection.Load(Path.Combine(EngineFixture.ModelsPath, "face_landmark_68.onnx"));

    private readonly Processors _processors = new();

    private readonly Lazy<FaceEngine> _engine =
        new(() => FaceEngine.Load(new FaceEngineOptions { ModelsPath = EngineFixture.ModelsPath, Recipe = "face-api" }));

    public static TheoryData<int> Samples => [1, 2, 3, 4, 5, 6];

    [Theory]
    [MemberData(nameof(Samples))]
    public void The_detector_finds_what_face_api_finds(int sample)
    {
        using var picture = Decode(sample, out var golden);

        var found = _floats.DetectAsFaceApi(picture, minScore: 0.5f);

        Assert.Equal(golden.Faces.Length, found.Count);
        for (var i = 0; i < found.Count; i++)
        {
            var (box, expected) = (found[i].Box, golden.Faces[i].Box);
            Assert.Equal(golden.Faces[i].Score, found[i].Score, ScoreTolerance);
            Assert.Equal(expected[0], box.X, PixelTolerance);
            Assert.Equal(expected[1], box.Y, PixelTolerance);
            Assert.Equal(expected[2], box.Width, PixelTolerance);
            Assert.Equal(expected[3], box.Height, PixelTolerance);
        }
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public void The_landmarks_are_those_of_face_api(int sample)
    {
        using var picture = Decode(sample, out var golden);

        foreach (var face in golden.Faces)
        {
            var box = new Box(face.Box[0], face.Box[1], face.Box[2], face.Box[3]);
            var points = _landmarks.Detect(picture, box, ResamplingKind.FaceApi).Points;
            for (var i = 0; i < Landmarks.Count; i++)
            {
                Assert.Equal(face.Landmarks[2 * i], points[i].X, PixelTolerance);
                Assert.Equal(face.Landmarks[(2 * i) + 1], points[i].Y, PixelTolerance);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public void The_recipe_for_parity_gives_the_descriptors_of_face_api(int sample)
    {
        using var picture = Decode(sample, out var golden);
        var photo = _engine.Value.Analyze(EngineFixture.ReadSample(sample), TestContext.Current.CancellationToken);

        Assert.Equal(golden.Faces.Length, photo.Faces.Count);
        Assert.All(photo.Faces.Zip(golden.Faces), pair => Assert.InRange(
            pair.First.Embedding.DistanceTo(FaceEmbedding.FromModelOutput(pair.Second.Descriptor, EmbeddingMetric.Euclidean)),
            0,
            DescriptorTolerance));
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public void The_8_bit_detector_finds_every_face_of_the_float_detector(int sample)
    {
        using var picture = Decode(sample, out var golden);

        var found = _bytes.DetectAsFaceApi(picture, minScore: 0.3f);

        Assert.All(golden.Faces, face => Assert.Contains(
            found,
            detection => detection.Box.OverlapWith(new Box(face.Box[0], face.Box[1], face.Box[2], face.Box[3])) > QuantizedOverlap));
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public void All_sizes_together_find_the_same_faces_and_no_others(int sample)
    {
        using var picture = Decode(sample, out var golden);

        var found = _bytes.Detect(picture, _processors, TestContext.Current.CancellationToken);

        Assert.All(golden.Faces, face => Assert.Contains(
            found,
            detection => detection.Box.OverlapWith(new Box(face.Box[0], face.Box[1], face.Box[2], face.Box[3])) > 0.5f));
        Assert.InRange(found.Count, golden.Faces.Length, golden.Faces.Length + 1);
    }

    public void Dispose()
    {
        _floats.Dispose();
        _bytes.Dispose();
        _landmarks.Dispose();
        if (_engine.IsValueCreated)
        {
            _engine.Value.Dispose();
        }
    }

    private static Picture Decode(int sample, out GoldenPhoto golden)
    {
        using var json = typeof(FaceApiParityTests).Assembly.GetManifestResourceStream("face-api.json")!;
        var recording = JsonSerializer.Deserialize<Recording>(json, JsonSerializerOptions.Web)!;
        golden = recording.Photos.Single(photo => photo.Photo == $"sample{sample}.jpg");
        var picture = PhotoDecoding.Decode(EngineFixture.ReadSample(sample), maxSide: golden.Width, new FaceEngineOptions());
        Assert.Equal(golden.PixelsSha256, Convert.ToHexStringLower(SHA256.HashData(picture.Pixels)));
        return picture;
    }

    private sealed record Recording(GoldenPhoto[] Photos);

    private sealed record GoldenPhoto(string Photo, int Width, string PixelsSha256, GoldenFace[] Faces);

    private sealed record GoldenFace(float[] Box, float Score, float[] Landmarks, float[] Descriptor);
}
