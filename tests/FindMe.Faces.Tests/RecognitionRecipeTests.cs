using System.Text.Json.Nodes;
using FindMe.ModelBuilder;
using FindMe.Onnx;

namespace FindMe.Faces.Tests;

/// <summary>An operator can add a model with an ONNX file and a recipe.</summary>
public sealed class RecognitionRecipeTests : IDisposable
{
    private const int Side = 32;
    private const int Length = 48;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("findme-recipes-");

    public RecognitionRecipeTests()
    {
        foreach (var model in Directory.GetFiles(EngineFixture.ModelsPath))
        {
            File.CreateSymbolicLink(Path.Combine(_folder.FullName, Path.GetFileName(model)), model);
        }
    }

    [Fact]
    public void A_recipe_adds_a_model_without_code()
    {
        Describe("own", MakeModel("own.onnx", rows: -1));
        Describe("one-at-a-time", MakeModel("one-at-a-time.onnx", rows: 1));

        var (own, faces) = Analyze("own");
        var (_, sameFaces) = Analyze("one-at-a-time");

        Assert.StartsWith("own-", own, StringComparison.Ordinal);
        Assert.All(faces, face => Assert.Equal(Length, face.Embedding.Values.Length));
        Assert.All(faces.Zip(sameFaces), pair => Assert.InRange(pair.First.Embedding.DistanceTo(pair.Second.Embedding), 0, 1e-4f));
    }

    [Fact]
    public void Another_model_alignment_or_normalization_changes_the_identity()
    {
        var digest = MakeModel("own.onnx", rows: -1);
        string[] names =
        [
            NameOf(digest, _ => { }),
            NameOf(MakeModel("own.onnx", rows: 1), _ => { }),
            NameOf(digest = MakeModel("own.onnx", rows: -1), recipe => recipe["alignment"]!["points"]![0]!["x"] = 9),
            NameOf(digest, recipe => recipe["input"]!["divisor"] = 100),
            NameOf(digest, recipe => recipe["mirror"] = true),
            NameOf(digest, recipe => recipe["referenceViews"] = false),
        ];

        Assert.Equal(names.Length, names.Distinct().Count());
    }

    [Theory]
    [InlineData("output", "length", "49", "vector [N, 49]")]
    [InlineData("input", "side", "64", "input [N, 3, 64, 64]")]
    [InlineData("input", "name", "\"data\"", "data [N, 3, 32, 32]")]
    public void The_error_for_a_model_of_another_shape_names_the_model(string part, string field, string value, string expected)
    {
        Describe("own", MakeModel("own.onnx", rows: -1), recipe => recipe[part]![field] = JsonNode.Parse(value));

        var exception = Assert.Throws<ModelException>(() => Analyze("own"));

        Assert.Contains(Path.Combine(_folder.FullName, "own.onnx"), exception.Message, StringComparison.Ordinal);
        Assert.Contains(expected, exception.Message, StringComparison.Ordinal);
        Assert.Contains($"found input [N, 3, {Side}, {Side}] → vector [N, {Length}]", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_error_for_a_model_of_another_digest_names_the_model()
    {
        Describe("own", new string('0', 64));
        MakeModel("own.onnx", rows: -1);

        var exception = Assert.Throws<ModelException>(() => Analyze("own"));

        Assert.Contains("own.onnx is damaged or another model: its sha256 is", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"model\"", "\"modle\"", "modle")]
    [InlineData("\"own.onnx\"", "\"../own.onnx\"", "model.file")]
    [InlineData("\"landmarks\":[30]", "\"landmarks\":[68]", "landmarks")]
    [InlineData("\"divisor\":128", "\"divisor\":0", "input.divisor")]
    [InlineData("\"albumMargin\":0.07", "\"albumMargin\":-0.07", "albumMargin")]
    [InlineData("\"cosine\"", "\"manhattan\"", "metric")]
    public void The_error_for_an_invalid_recipe_names_the_field(string from, string to, string named)
    {
        Describe("own", MakeModel("own.onnx", rows: -1));
        var path = Path.Combine(_folder.FullName, "own.json");
        File.WriteAllText(path, File.ReadAllText(path).Replace(from, to, StringComparison.Ordinal));

        var exception = Assert.Throws<ModelException>(() => Analyze("own"));

        Assert.Contains(path, exception.Message, StringComparison.Ordinal);
        Assert.Contains(named, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_error_for_a_missing_recipe_names_it() =>
        Assert.Contains(
            Path.Combine(_folder.FullName, "nobody.json"), Assert.Throws<ModelException>(() => Analyze("nobody")).Message, StringComparison.Ordinal);

    [Fact]
    public void Every_recipe_in_the_repository_pins_the_model_that_the_builder_writes()
    {
        var pins = Pins.Read(Checkouts.Root);

        Assert.All(Directory.GetFiles(Path.Combine(Checkouts.Root, "models", "recipes")), path =>
        {
            var recipe = RecognitionRecipe.Load(path);
            Assert.Equal(pins[recipe.Model.File], recipe.Model.Sha256);
        });
    }

    public void Dispose() => _folder.Delete(recursive: true);

    /// <summary>Writes a model of one layer: 48 weighted sums of the chip's pixels, with fixed weights.</summary>
    private string MakeModel(string file, int rows)
    {
        var graph = new OnnxGraph("own");
        var random = new Random(1);
        var input = graph.Input("input", rows, 3, Side, Side);
        var weights = Enumerable.Range(0, 3 * Side * Side * Length).Select(_ => (float)(random.NextDouble() - 0.5)).ToArray();
        graph.NamedNode("vector", "MatMul", [graph.Node("Flatten", [input]), graph.Floats(weights, 3 * Side * Side, Length)]);
        graph.Output("vector", rows, Length);
        var bytes = graph.ToModel();
        File.WriteAllBytes(Path.Combine(_folder.FullName, file), bytes);
        return Pins.Sha256(bytes);
    }

    private void Describe(string name, string digest, Action<JsonNode>? change = null)
    {
        var recipe = JsonNode.Parse(File.ReadAllText(Path.Combine(EngineFixture.ModelsPath, "default.json")))!;
        recipe["model"]!["file"] = $"{name}.onnx";
        recipe["model"]!["sha256"] = digest;
        recipe["input"]!["side"] = Side;
        recipe["output"]!["length"] = Length;
        foreach (var point in recipe["alignment"]!["points"]!.AsArray())
        {
            point!["x"] = (float)point["x"]! * Side / 112;
            point["y"] = (float)point["y"]! * Side / 112;
        }

        change?.Invoke(recipe);
        File.WriteAllText(Path.Combine(_folder.FullName, $"{name}.json"), recipe.ToJsonString());
    }

    private string NameOf(string digest, Action<JsonNode> change)
    {
        Describe("own", digest, change);
        using var engine = Load("own");
        return engine.Recipe;
    }

    private (string Recipe, IReadOnlyList<DetectedFace> Faces) Analyze(string recipe)
    {
        using var engine = Load(recipe);
        return (engine.Recipe, engine.Analyze(EngineFixture.ReadSample(2), TestContext.Current.CancellationToken).Faces);
    }

    private FaceEngine Load(string recipe) => FaceEngine.Load(new FaceEngineOptions { ModelsPath = _folder.FullName, Recipe = recipe });
}
