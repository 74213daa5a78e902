using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Deque.AxeCore.Commons;
using Deque.AxeCore.Playwright;
using FindMe.Faces;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace FindMe.Recognition.Tests;

/// <summary>The page that names people in the browser, in Chromium, beside the service that serves it.</summary>
public sealed class EdgePageTests(PeopleFixture fixture)
{
    // A photo in WebAssembly on one thread of a machine that does other things too.
    private const float SlowMilliseconds = 90_000;

    // What eight bits, another JPEG decoder and another way of shrinking may change.
    private const float ProbabilityTolerance = 0.05f;
    private const float LeastOverlap = 0.8f;

    private const int Phone = 390;
    private const int Desktop = 1280;

    private const string Unreadable = "notes.jpg";

    [Fact]
    public async Task With_the_network_cut_the_page_names_the_people_whom_the_service_names_and_asks_for_nothing()
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        var folder = Directory.CreateDirectory(Path.Combine(fixture.Scratch, "edge")).FullName;
        fixture.Trained.Model.Save(Path.Combine(folder, "team.findme"));
        await File.WriteAllBytesAsync(Path.Combine(folder, "team.onnx"), PeopleExport.ToOnnx(fixture.Trained.Model, fixture.Engine, eightBit: true), cancellationToken);
        await File.WriteAllTextAsync(Path.Combine(folder, "broken.onnx"), "no model", cancellationToken);
        using var vision = Start(folder);
        try
        {
            var address = await ReadAddressAsync(vision, cancellationToken);
            var expected = await NameByServiceAsync(address, cancellationToken);
            Assert.Equal(PeopleFixture.People.Order(), expected.Faces.Select(face => face.Name).Where(name => name != "unknown").Order());

            using var playwright = await Playwright.CreateAsync();
            await using var browser = await playwright.Chromium.LaunchAsync(new()
            {
                ExecutablePath = Environment.GetEnvironmentVariable("FINDME_CHROMIUM") is { Length: > 0 } path ? path : "/usr/bin/chromium",
                Args = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
            });
            await using var context = await browser.NewContextAsync(new() { BaseURL = address.ToString(), ReducedMotion = ReducedMotion.Reduce, ViewportSize = new() { Width = Desktop, Height = 844 } });
            var page = await context.NewPageAsync();
            var said = new ConcurrentQueue<string>();
            page.Console += (_, message) => said.Enqueue(message.Text);
            page.PageError += (_, error) => said.Enqueue(error);

            var answer = await page.GotoAsync("/edge");
            var policy = (await answer!.AllHeadersAsync())["content-security-policy"];
            Assert.Contains("script-src 'self' 'wasm-unsafe-eval';", policy, StringComparison.Ordinal);
            Assert.DoesNotContain("unsafe-inline", policy, StringComparison.Ordinal);
            await Expect(page.GetByText("From here on the page needs no network")).ToBeVisibleAsync(new() { Timeout = SlowMilliseconds });
            await Expect(page.GetByText($"It can name {string.Join(", ", PeopleFixture.People[..^1])}, and {PeopleFixture.People[^1]}.")).ToBeVisibleAsync();

            var asked = new ConcurrentQueue<string>();
            context.Request += (_, request) => asked.Enqueue(request.Url);
            await context.SetOfflineAsync(true);
            await context.RouteAsync("**", route => route.AbortAsync());
            await page.GetByLabel("Choose photos").SetInputFilesAsync(
            [
                new FilePayload { Name = PeopleFixture.KnownPhoto, MimeType = "image/jpeg", Buffer = DemoPhotos.Read(PeopleFixture.KnownPhoto) },
                new FilePayload { Name = Unreadable, MimeType = "image/jpeg", Buffer = "no photo"u8.ToArray() },
            ]);
            var refused = page.GetByRole(AriaRole.Listitem).Filter(new() { HasText = Unreadable });
            await Expect(refused.GetByRole(AriaRole.Alert)).ToContainTextAsync("cannot be read as a picture", new() { Timeout = SlowMilliseconds });
            var figure = page.Locator("figure[data-faces]");
            await Expect(figure).ToHaveCountAsync(1, new() { Timeout = SlowMilliseconds });

            AssertAgree(expected, JsonSerializer.Deserialize<Named[]>((await figure.GetAttributeAsync("data-faces"))!, JsonSerializerOptions.Web)!);
            await Expect(figure.GetByRole(AriaRole.Listitem)).ToHaveCountAsync(expected.Faces.Count);
            await Expect(figure.Locator(".box")).ToHaveCountAsync(expected.Faces.Count);
            foreach (var person in PeopleFixture.People)
            {
                await Expect(figure.GetByRole(AriaRole.Listitem).Filter(new() { HasText = person })).ToBeVisibleAsync();
            }

            Assert.Empty(asked);
            await AssertFitForEverybodyAsync(page);
            Assert.Empty(said);
        }
        finally
        {
            vision.Kill(entireProcessTree: true);
        }
    }

    [Fact]
    public void An_exported_model_says_whom_it_names_and_other_files_are_none()
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
            Assert.InRange(twin.Box.OverlapWith(face.Box), LeastOverlap, 1);
            Assert.Equal(face.Name, twin.Name);
            Assert.Equal(face.Probability, twin.Probability, ProbabilityTolerance);
        }
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

    private static async Task<NamedPhoto> NameByServiceAsync(Uri address, CancellationToken cancellationToken)
    {
        using var client = new HttpClient { BaseAddress = address };
        using var photo = new ByteArrayContent(DemoPhotos.Read(PeopleFixture.KnownPhoto)) { Headers = { ContentType = new MediaTypeHeaderValue("image/jpeg") } };
        using var answer = await client.PostAsync("/people/team/name", photo, cancellationToken);
        return (await answer.Content.ReadFromJsonAsync<NamedPhoto>(cancellationToken))!;
    }

    private static Process Start(string people) => Process.Start(new ProcessStartInfo(
        "dotnet", [DemoPhotos.AppPath("FindMe.Vision", "FindMe.Vision"), "--urls", "http://127.0.0.1:0", $"--Vision:PeoplePath={people}"])
    {
        RedirectStandardOutput = true,
    })!;

    private static async Task<Uri> ReadAddressAsync(Process app, CancellationToken cancellationToken)
    {
        const string listening = "Now listening on: ";
        while (await app.StandardOutput.ReadLineAsync(cancellationToken) is { } line)
        {
            if (line.IndexOf(listening, StringComparison.Ordinal) is >= 0 and var at)
            {
                // Nobody reads on: the pipe must not fill.
                _ = app.StandardOutput.ReadToEndAsync(CancellationToken.None);
                return new Uri(line[(at + listening.Length)..].Trim());
            }
        }

        throw new InvalidOperationException("The service did not start.");
    }

    private sealed record NamedPhoto(IReadOnlyList<Named> Faces);

    private sealed record Named(string Name, float Probability, Box Box);
}
