using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json;
using FindMe.Faces;
using FindMe.Onnx;

namespace FindMe.Recognition.Tests;

public sealed class ClassificationTests : IDisposable
{
    private const int Classes = 1_000;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("findme-classifier-");

    // Recorded from nsfwjs 4.3.0 with bench/peer-nsfwjs. Its JPEG decoder interpolates colours differently; for equal pixels, both agree to 1.7e-6.
    [Theory]
    [InlineData("sample1.jpg", "Neutral", 0.705f)]
    [InlineData("sample2.jpg", "Sexy", 0.949f)]
    public void Nsfwjs_and_the_converted_model_agree(string photo, string expected, float probability)
    {
        using var classifier = ImageClassifier.Load("nsfw", new FaceEngineOptions());

        var found = classifier.Classify(DemoPhotos.Read(photo), topK: 5, TestContext.Current.CancellationToken);

        Assert.Equal(expected, found.Results[0].ClassName);
        Assert.Equal(probability, found.Results[0].Probability, 0.03f);
        Assert.Equal(5, found.Results.Count);
        Assert.Equal(1, found.Results.Sum(result => result.Probability), 1e-4f);
        Assert.Equal("nsfw_mobilenet_v2-154cf468", found.Model);
    }

    [Theory]
    [InlineData("nchw", "rgb", 700)]
    [InlineData("nhwc", "bgr", 300)]
    public void A_description_alone_adds_a_classifier_with_a_thousand_classes(string layout, string channels, int expected)
    {
        WriteClassifier(layout, channels);
        using var classifier = ImageClassifier.Load("own", new FaceEngineOptions { ModelsPath = _folder.FullName });

        var found = classifier.Classify(DemoPhotos.Read("sample1.jpg"), topK: 3, TestContext.Current.CancellationToken);

        Assert.Equal($"class {expected}", found.Results[0].ClassName);
        Assert.Equal(3, found.Results.Count);
        Assert.True(found.Results[0].Probability > found.Results[1].Probability);
    }

    [Fact]
    public void A_missing_classifier_is_found_once_it_exists_and_loaded_only_once()
    {
        using var classifiers = new ImageClassifiers(new FaceEngineOptions { ModelsPath = _folder.FullName });
        Assert.Contains("own.classifier.json is missing", Assert.Throws<ModelException>(() => classifiers["own"]).Message, StringComparison.Ordinal);
        Assert.Throws<ModelException>(() => classifiers["../own"]);
        WriteClassifier("nchw", "rgb");

        var loaded = new ImageClassifier[16];
        Parallel.For(0, loaded.Length, i => loaded[i] = classifiers["own"]);

        Assert.Single(loaded.Distinct());
    }

    [Fact]
    public void Labels_that_do_not_match_the_model_and_a_model_of_another_digest_are_rejected()
    {
        WriteClassifier("nchw", "rgb");
        File.WriteAllLines(Path.Combine(_folder.FullName, "own.labels.txt"), ["one", "two"]);
        Assert.Contains("is another model", LoadError(), StringComparison.Ordinal);

        File.WriteAllBytes(Path.Combine(_folder.FullName, "own.onnx"), [1, 2, 3]);
        Assert.Contains("its sha256 is", LoadError(), StringComparison.Ordinal);

        string LoadError() => Assert.Throws<ModelException>(() => ImageClassifier.Load("own", new FaceEngineOptions { ModelsPath = _folder.FullName })).Message;
    }

    [Theory]
    // If all 1,000 classes were equally probable, two of them would have 0.002; here they have slightly more.
    [InlineData(0.002f, "class 700")]
    [InlineData(0.5f, null)]
    public void A_picture_is_unsafe_if_the_unsafe_classes_together_reach_the_threshold(float atLeast, string? expected)
    {
        WriteClassifier("nchw", "rgb", $$""", "unsafe": { "labels": ["class 300", "class 700"], "atLeast": {{atLeast.ToString(CultureInfo.InvariantCulture)}} }""");
        using var classifier = ImageClassifier.Load("own", new FaceEngineOptions { ModelsPath = _folder.FullName });

        Assert.Equal(expected, classifier.FindUnsafeClass(DemoPhotos.Read("sample1.jpg"), TestContext.Current.CancellationToken));
    }

    [Fact]
    public void Without_unsafe_classes_no_picture_is_unsafe_and_unknown_unsafe_classes_are_rejected()
    {
        WriteClassifier("nchw", "rgb");
        using (var classifier = ImageClassifier.Load("own", new FaceEngineOptions { ModelsPath = _folder.FullName }))
        {
            Assert.Null(classifier.FindUnsafeClass(DemoPhotos.Read("sample1.jpg"), TestContext.Current.CancellationToken));
        }

        WriteClassifier("nchw", "rgb", """, "unsafe": { "labels": ["class 1000"], "atLeast": 0.5 }""");
        Assert.Contains(
            "names class 1000", Assert.Throws<ModelException>(() => ImageClassifier.Load("own", new FaceEngineOptions { ModelsPath = _folder.FullName })).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("sample1.jpg")]
    [InlineData("sample2.jpg")]
    public void Bare_shoulders_are_not_unsafe(string photo)
    {
        using var classifier = ImageClassifier.Load("nsfw", new FaceEngineOptions());

        Assert.Null(classifier.FindUnsafeClass(DemoPhotos.Read(photo), TestContext.Current.CancellationToken));
    }

    [Fact]
    public void A_file_that_is_not_a_picture_is_rejected_and_the_next_picture_is_classified()
    {
        using var classifier = ImageClassifier.Load("nsfw", new FaceEngineOptions());

        Assert.Throws<PhotoException>(() => classifier.Classify("<html>"u8.ToArray(), 1, TestContext.Current.CancellationToken));

        Assert.Single(classifier.Classify(DemoPhotos.Read("sample2.jpg"), 1, TestContext.Current.CancellationToken).Results);
    }

    [Fact]
    public async Task A_missing_classifier_is_logged_at_startup_and_returns_503_until_it_exists_and_is_loaded_once()
    {
        const int requests = 20;
        var cancellationToken = TestContext.Current.CancellationToken;
        var labels = Path.Combine(_folder.FullName, "nsfw.labels.txt");
        foreach (var model in Directory.GetFiles(TestPeople.ModelsPath).Where(file => Path.GetFileName(file) != Path.GetFileName(labels)))
        {
            File.CreateSymbolicLink(Path.Combine(_folder.FullName, Path.GetFileName(model)), model);
        }

        await using var vision = await StartedVision.StartAsync([$"Faces:ModelsPath={_folder.FullName}", "Vision:Classifier=own"]);
        await vision.LogsAsync("Failed to load the classifier own; POST /classify answers 503 until it can be loaded");
        using (var missing = await ClassifyAsync())
        {
            var problem = await missing.Content.ReadFromJsonAsync<JsonElement>(cancellationToken);
            Assert.Equal("503 no-classifier", $"{(int)missing.StatusCode} {problem.GetProperty("type").GetString()}");
            Assert.NotNull(missing.Headers.RetryAfter);
            Assert.DoesNotContain(_folder.FullName, problem.ToString(), StringComparison.Ordinal);
        }

        // The labels come from a pipe that is written only once, so loading the classifier a second time would hang.
        using (var mkfifo = Process.Start("mkfifo", labels))
        {
            await mkfifo.WaitForExitAsync(cancellationToken);
        }

        var written = Task.Run(() => File.WriteAllText(labels, File.ReadAllText(Path.Combine(TestPeople.ModelsPath, "nsfw.labels.txt"))), cancellationToken);
        File.Copy(Path.Combine(TestPeople.ModelsPath, "nsfw.classifier.json"), Path.Combine(_folder.FullName, "own.classifier.json"));
        var answers = await Task.WhenAll(Enumerable.Range(0, requests).Select(_ => ClassifyAsync())).WaitAsync(TimeSpan.FromSeconds(30), cancellationToken);

        Assert.All(answers, answer => Assert.Equal(HttpStatusCode.OK, answer.StatusCode));
        await written;

        Task<HttpResponseMessage> ClassifyAsync() => vision.Http.PostAsync("/classify", StartedVision.Jpeg(DemoPhotos.Read("sample2.jpg")), cancellationToken);
    }

    [Fact]
    public async Task Two_hundred_hostile_pictures_leak_no_memory_and_the_next_one_is_classified()
    {
        // Decoding a progressive JPEG takes about 10 MB. If every fourth of them leaked, that would be 500 MB; the heap grows by a tenth of the bound.
        const long bound = 100_000_000;
        var cancellationToken = TestContext.Current.CancellationToken;
        var photo = DemoPhotos.Read("sample1.jpg");
        var progressive = ToProgressive(photo);
        byte[][] hostile = [progressive[..(progressive.Length / 2)], photo[..^2000], [.. photo[..1000], .. new byte[4000]], "<html>"u8.ToArray()];
        await using var vision = await StartedVision.StartAsync([]);
        await SendAsync(100);
        var before = await ClassifyAsync();

        await SendAsync(200);

        Assert.InRange(await ClassifyAsync() - before, long.MinValue, bound);

        async Task SendAsync(int count)
        {
            for (var i = 0; i < count; i++)
            {
                using var answer = await vision.Http.PostAsync("/classify", StartedVision.Jpeg(hostile[i % hostile.Length]), cancellationToken);
                Assert.InRange((int)answer.StatusCode, 400, 499);
            }
        }

        async Task<long> ClassifyAsync()
        {
            using var answer = await vision.Http.PostAsync("/classify", StartedVision.Jpeg(photo), cancellationToken);
            return (await answer.Content.ReadFromJsonAsync<JsonElement>(cancellationToken)).GetProperty("memory").GetProperty("rss").GetInt64();
        }
    }

    private static byte[] ToProgressive(byte[] photo)
    {
        PhotoDecoding.Prepare();
        using var image = NetVips.Image.JpegloadBuffer(photo);
        return image.JpegsaveBuffer(interlace: true);
    }

    public void Dispose() => _folder.Delete(recursive: true);

    // The score of class 700 is 10 × (first − third channel), that of class 300 the negative. The photo is more red than blue.
    private void WriteClassifier(string layout, string channels, string more = "")
    {
        const int side = 32;
        var graph = new OnnxGraph("own");
        var input = layout == "nchw" ? graph.Input("x", -1, 3, side, side) : graph.Input("x", -1, side, side, 3);
        var planes = layout == "nchw" ? input : graph.Node("Transpose", [input], ("perm", new[] { 0, 3, 1, 2 }));
        var weights = new float[3 * Classes];
        (weights[700], weights[(2 * Classes) + 700]) = (10, -10);
        (weights[300], weights[(2 * Classes) + 300]) = (-10, 10);
        graph.NamedNode("y", "MatMul", [graph.Node("Flatten", [graph.Node("GlobalAveragePool", [planes])]), graph.Floats(weights, 3, Classes)]);
        graph.Output("y", -1, Classes);
        var model = graph.ToModel();
        File.WriteAllBytes(Path.Combine(_folder.FullName, "own.onnx"), model);
        File.WriteAllLines(Path.Combine(_folder.FullName, "own.labels.txt"), Enumerable.Range(0, Classes).Select(index => $"class {index}"));
        File.WriteAllText(
            Path.Combine(_folder.FullName, "own.classifier.json"),
            $$"""
            {
              "model": { "file": "own.onnx", "sha256": "{{Convert.ToHexStringLower(SHA256.HashData(model))}}", "licence": "none", "provenance": "a test" },
              "input": {
                "name": "x", "layout": "{{layout}}", "width": {{side}}, "height": {{side}}, "channels": "{{channels}}",
                "mean": [127.5, 127.5, 127.5], "divisor": [60, 60, 60], "fit": "centre", "share": 0.875, "resampling": "smooth"
              },
              "output": { "name": "y", "kind": "logits" },
              "labels": "own.labels.txt"{{more}}
            }
            """);
    }
}
