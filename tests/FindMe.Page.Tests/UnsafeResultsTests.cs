using System.Text.Json.Nodes;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace FindMe.Page.Tests;

/// <summary>The product with a classifier that takes an ordinary picture for an unsafe one: the usual model, and another opinion of its classes.</summary>
public sealed class RunningFindMeThatBlurs : RunningFindMe
{
    private const string Classifier = "prudish";

    private static readonly string BuiltModels = Path.Combine(Checkouts.Root, "artifacts", "models");

    private readonly DirectoryInfo _models = Directory.CreateTempSubdirectory("findme-models-");

    public RunningFindMeThatBlurs()
    {
        foreach (var file in Directory.GetFiles(BuiltModels))
        {
            File.CreateSymbolicLink(Path.Combine(_models.FullName, Path.GetFileName(file)), file);
        }

        var description = JsonNode.Parse(File.ReadAllText(Path.Combine(BuiltModels, "nsfw.classifier.json")))!;
        description["unsafe"] = new JsonObject { ["labels"] = new JsonArray("Neutral"), ["atLeast"] = 0.5 };
        File.WriteAllText(Path.Combine(_models.FullName, $"{Classifier}.classifier.json"), description.ToJsonString());
    }

    protected override IReadOnlyDictionary<string, string> Settings => new Dictionary<string, string>
    {
        ["Faces__ModelsPath"] = _models.FullName,
        ["Compare__Classifier"] = Classifier,
    };

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _models.Delete(recursive: true);
        GC.SuppressFinalize(this);
    }
}

/// <summary>Results that the classifier takes for unsafe.</summary>
public sealed class UnsafeResultsTests(RunningFindMeThatBlurs findMe) : IClassFixture<RunningFindMeThatBlurs>
{
    [Fact]
    public async Task An_unsafe_picture_is_blurred_and_cannot_be_enlarged_until_somebody_asks_for_it()
    {
        await using var visitor = await PageVisitor.SearchingAsync(findMe, Albums.Evening);
        await visitor.SearchEndsAsync("Done.");
        var match = (await visitor.SearchFromApiAsync()).GetProperty("matches").EnumerateArray()
            .Single(match => match.GetProperty("photo").GetProperty("id").GetString()!.EndsWith("sample1.jpg", StringComparison.Ordinal));
        Assert.Equal("Neutral", match.GetProperty("unsafe").GetString());

        var frame = visitor.Page.Locator($".frame[data-photo=\"{match.GetProperty("photo").GetProperty("id").GetString()}\"]");
        await Expect(frame.Locator("img")).ToHaveCSSAsync("filter", "blur(26px)");
        await Expect(frame.Locator(".frame-open")).ToBeDisabledAsync();

        var show = frame.GetByRole(AriaRole.Button, new() { Name = "May not be fit to see. Show it" });
        await show.FocusAsync();
        await visitor.Page.Keyboard.PressAsync("Enter");
        await Expect(frame.Locator("img")).ToHaveCSSAsync("filter", "none");
        await Expect(frame.Locator(".frame-open")).ToBeFocusedAsync();
        await Expect(show).ToBeHiddenAsync();
    }
}
