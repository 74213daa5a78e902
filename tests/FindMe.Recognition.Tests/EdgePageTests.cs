using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Deque.AxeCore.Commons;
using Deque.AxeCore.Playwright;
using FindMe.Faces;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace FindMe.Recognition.Tests;

/// <summary>Compares the page that names people in the browser (Chromium) with the service.</summary>
public sealed class EdgePageTests(PeopleFixture fixture)
{
    // Timeout for a photo in single-threaded WebAssembly on a busy machine.
    private const float SlowMilliseconds = 90_000;

    // The page uses 8-bit weights, another JPEG decoder and another shrinking filter than the service.
    private const float ProbabilityTolerance = 0.05f;
    private const float MinOverlap = 0.8f;

    private const int Phone = 390;
    private const int Desktop = 1280;

    private const string Unreadable = "notes.jpg";
    private const string TooLarge = "poster.jpg";

    // Limit between the size of the people's photo and that of the poster.
    private const int MaxPixels = 3_000_000;
    private const int PosterSide = 2_000;

    [Fact]
    public async Task Offline_the_page_names_the_same_people_as_the_service_and_sends_no_request()
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        var folder = Directory.CreateDirectory(Path.Combine(fixture.Scratch, "edge")).FullName;
        fixture.Trained.Model.Save(Path.Combine(folder, "team.findme"));
        await File.WriteAllBytesAsync(Path.Combine(folder, "team.onnx"), PeopleExport.ToOnnx(fixture.Trained.Model, fixture.Engine, eightBit: true), cancellationToken);
        await File.WriteAllTextAsync(Path.Combine(folder, "broken.onnx"), "no model", cancellationToken);
        File.Copy(Path.Combine(folder, "team.onnx"), Path.Combine(folder, "visitors.onnx"));
        await using var vision = await StartedVision.StartAsync([$"Vision:PeoplePath={folder}", $"Faces:MaxPhotoPixels={MaxPixels}"]);
        await using (new FileStream(Path.Combine(folder, "team.onnx"), FileMode.Open, FileAccess.ReadWrite, FileShare.None))
        {
            Assert.Equal(["visitors"], await OfferedAsync(vision.Http, cancellationToken));
        }

        // A file that was locked before is offered once it can be read.
        Assert.Equal(["team", "visitors"], await OfferedAsync(vision.Http, cancellationToken));

        var expected = await NameByServiceAsync(vision.Http, cancellationToken);
        Assert.Equal(PeopleFixture.People.Order(), expected.Faces.Select(face => face.Name).Where(name => name != "unknown").Order());

        using var playwright = await Playwright.CreateAsync();
        await using var browser = await playwright.Chromium.LaunchAsync(new()
        {
            ExecutablePath = Environment.GetEnvironmentVariable("FINDME_CHROMIUM") is { Length: > 0 } path ? path : "/usr/bin/chromium",
            Args = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
        });
        await using var context = await browser.NewContextAsync(new() { BaseURL = vision.Http.BaseAddress!.ToString(), ReducedMotion = ReducedMotion.Reduce, ViewportSize = new() { Width = Desktop, Height = 844 } });
        var page = await context.NewPageAsync();
        var consoleMessages = new ConcurrentQueue<string>();
        page.Console += (_, message) => consoleMessages.Enqueue(message.Text);
        page.PageError += (_, error) => consoleMessages.Enqueue(error);

        var answer = await page.GotoAsync("/edge");
        var policy = (await answer!.AllHeadersAsync())["content-security-policy"];
        Assert.Contains("script-src 'self' 'wasm-unsafe-eval';", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe-inline", policy, StringComparison.Ordinal);
        await Expect(page.GetByText("From here on the page needs no network")).ToBeVisibleAsync(new() { Timeout = SlowMilliseconds });
        await Expect(page.GetByText($"It can name {string.Join(", ", PeopleFixture.People[..^1])}, and {PeopleFixture.People[^1]}.")).ToBeVisibleAsync();
        await Expect(page.GetByText("The people “broken” cannot be named here.")).ToBeVisibleAsync();
        Assert.Empty(consoleMessages);

        File.Delete(Path.Combine(folder, "visitors.onnx"));
        var choice = page.GetByLabel("Whom to name");
        await choice.SelectOptionAsync("visitors");
        await Expect(page.GetByText("The people who were chosen before can still be named.")).ToBeVisibleAsync();
        await Expect(choice).ToHaveValueAsync("team");

        // Ignore the browser's console message about the missing file.
        consoleMessages.Clear();

        var worker = Assert.Single(page.Workers);
        await worker.EvaluateAsync<object?>(
            "() => { const make = createImageBitmap; self.made = []; self.createImageBitmap = async (...how) => { const bitmap = await make(...how); made.push(bitmap); return bitmap; }; }");
        var requested = new ConcurrentQueue<string>();
        context.Request += (_, request) => requested.Enqueue(request.Url);
        await context.SetOfflineAsync(true);
        await context.RouteAsync("**", route => route.AbortAsync());
        await page.GetByLabel("Choose photos").SetInputFilesAsync(
        [
            new FilePayload { Name = PeopleFixture.KnownPhoto, MimeType = "image/jpeg", Buffer = DemoPhotos.Read(PeopleFixture.KnownPhoto) },
            new FilePayload { Name = Unreadable, MimeType = "image/jpeg", Buffer = "no photo"u8.ToArray() },
            new FilePayload { Name = TooLarge, MimeType = "image/jpeg", Buffer = new PhotoPixels(PosterSide, PosterSide, new byte[PosterSide * PosterSide * 3]).ToJpeg(50) },
        ]);
        foreach (var (name, reason) in ((string, string)[])[(Unreadable, "cannot be read as a picture"), (TooLarge, "has 4 megapixels: up to 3 can be read")])
        {
            var refused = page.GetByRole(AriaRole.Listitem).Filter(new() { HasText = name });
            await Expect(refused.GetByRole(AriaRole.Alert)).ToContainTextAsync(reason, new() { Timeout = SlowMilliseconds });
        }

        var figure = page.Locator("figure[data-faces]");
        await Expect(figure).ToHaveCountAsync(1, new() { Timeout = SlowMilliseconds });

        AssertAgree(expected, JsonSerializer.Deserialize<Named[]>((await figure.GetAttributeAsync("data-faces"))!, JsonSerializerOptions.Web)!);
        await Expect(figure.GetByRole(AriaRole.Listitem)).ToHaveCountAsync(expected.Faces.Count);
        await Expect(figure.Locator(".box")).ToHaveCountAsync(expected.Faces.Count);
        foreach (var person in PeopleFixture.People)
        {
            await Expect(figure.GetByRole(AriaRole.Listitem).Filter(new() { HasText = person })).ToBeVisibleAsync();
        }

        // Four bitmaps: the photo, its shrunk copy for analysis, its copy for display, and the poster. All are closed or transferred to the page.
        Assert.Equal("0,0,0,0", await worker.EvaluateAsync<string>("() => made.map(bitmap => bitmap.width).join()"));
        Assert.Empty(requested);
        await AssertFitForEverybodyAsync(page);
        Assert.Empty(consoleMessages);
    }

    [Fact]
    public void An_exported_model_contains_its_names_and_other_files_are_rejected()
    {
        var (people, recipe) = PeopleExport.ReadMetadata(PeopleExport.ToOnnx(fixture.Trained.Model, fixture.Engine, eightBit: true));

        Assert.Equal([.. PeopleFixture.People, "unknown"], people);
        Assert.Equal(fixture.Engine.Recipe, recipe);
        Assert.Throws<PeopleException>(() => PeopleExport.ReadMetadata("no model"u8.ToArray()));
        Assert.Throws<PeopleException>(() => PeopleExport.ReadMetadata(File.ReadAllBytes(EdgeRecipe.ModelFiles(fixture.Engine).Landmarks)));
    }

    private static void AssertAgree(NamedPhoto expected, Named[] found)
    {
        Assert.Equal(expected.Faces.Count, found.Length);
        foreach (var face in expected.Faces)
        {
            var twin = found.MaxBy(other => other.Box.OverlapWith(face.Box))!;
            Assert.InRange(twin.Box.OverlapWith(face.Box), MinOverlap, 1);
            Assert.Equal(face.Name, twin.Name);
            Assert.Equal(face.Probability, twin.Probability, ProbabilityTolerance);
        }
    }

    [Fact]
    public async Task Without_ONNX_Runtime_for_browsers_the_page_says_so_and_the_service_keeps_working()
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        var models = Directory.CreateDirectory(Path.Combine(fixture.Scratch, "without-runtime")).FullName;
        foreach (var model in Directory.GetFiles(TestPeople.ModelsPath))
        {
            File.CreateSymbolicLink(Path.Combine(models, Path.GetFileName(model)), model);
        }

        await using var vision = await StartedVision.StartAsync([$"Faces:ModelsPath={models}"]);

        using var recipe = await vision.Http.GetAsync("/edge/recipe.json", cancellationToken);
        Assert.Equal(HttpStatusCode.NotFound, recipe.StatusCode);
        Assert.Contains("ONNX Runtime for browsers is not in the models folder.", await recipe.Content.ReadAsStringAsync(cancellationToken), StringComparison.Ordinal);
        foreach (var file in (string[])["ort.wasm.bundle.min.mjs", "..%2fdefault.json", "default.json"])
        {
            using var missing = await vision.Http.GetAsync($"/edge/ort/{file}", cancellationToken);
            Assert.Equal(HttpStatusCode.NotFound, missing.StatusCode);
        }

        using var picture = StartedVision.Jpeg(DemoPhotos.Read(PeopleFixture.KnownPhoto));
        using var classes = await vision.Http.PostAsync("/classify", picture, cancellationToken);
        Assert.Equal(HttpStatusCode.OK, classes.StatusCode);
    }

    private static async Task AssertFitForEverybodyAsync(IPage page)
    {
        foreach (var width in (int[])[Desktop, Phone])
        {
            await page.SetViewportSizeAsync(width, 844);
            Assert.True(await page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= innerWidth"), $"The page is wider than {width} pixels.");
            var grave = (await page.RunAxe(new AxeRunOptions { ResultTypes = [ResultType.Violations] })).Violations.Where(violation => violation.Impact is "serious" or "critical");
            Assert.Empty(grave.Select(violation => $"{width}: {violation.Id}: {violation.Help} at {string.Join(", ", violation.Nodes.Select(node => node.Html))}"));
        }
    }

    private static async Task<NamedPhoto> NameByServiceAsync(HttpClient client, CancellationToken cancellationToken)
    {
        using var photo = StartedVision.Jpeg(DemoPhotos.Read(PeopleFixture.KnownPhoto));
        using var answer = await client.PostAsync("/people/team/name", photo, cancellationToken);
        return (await answer.Content.ReadFromJsonAsync<NamedPhoto>(cancellationToken))!;
    }

    // Names of the people that the page offers, without unusable ones.
    private static async Task<IEnumerable<string>> OfferedAsync(HttpClient client, CancellationToken cancellationToken) =>
        (await client.GetFromJsonAsync<JsonElement>("/edge/recipe.json", cancellationToken)).GetProperty("people").EnumerateArray()
            .Where(people => !people.TryGetProperty("problem", out _))
            .Select(people => people.GetProperty("name").GetString()!);

    private sealed record NamedPhoto(IReadOnlyList<Named> Faces);

    private sealed record Named(string Name, float Probability, Box Box);
}
