using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace FindMe.Recognition.Tests;

/// <summary>The service's own pages, and the examples of its OpenAPI document.</summary>
public sealed partial class HomePageTests(VisionProcess vision)
{
    [Fact]
    public async Task The_first_page_lists_every_endpoint_and_each_of_its_links_leads_somewhere()
    {
        var page = await vision.Http.GetStringAsync(new Uri("/", UriKind.Relative), TestContext.Current.CancellationToken);
        var listed = Endpoint().Matches(page).Select(match => match.Groups[1].Value).Order(StringComparer.Ordinal);

        Assert.Equal((await PathsAsync()).Select(path => path.Key).Order(StringComparer.Ordinal), listed);
        var links = Link().Matches(page).Select(match => match.Groups[1].Value).Distinct().ToList();
        Assert.Contains("/scalar", links);
        foreach (var link in links)
        {
            using var answer = await vision.Http.GetAsync(new Uri(link, UriKind.Relative), TestContext.Current.CancellationToken);
            Assert.Equal((link, HttpStatusCode.OK), (link, answer.StatusCode));
        }
    }

    [Fact]
    public async Task Every_example_of_the_OpenAPI_document_is_answered()
    {
        var asked = 0;
        foreach (var (path, item) in await PathsAsync())
        {
            // Nobody has trained people here.
            if (path == "/people/{model}/name")
            {
                continue;
            }

            var example = item!["post"]!["requestBody"]!["content"]!["application/json"]!["example"];
            Assert.True(example is not null, $"{path} has no example.");
            using var answer = await vision.Http.PostAsJsonAsync(new Uri(path, UriKind.Relative), example, TestContext.Current.CancellationToken);
            var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            Assert.True(answer.StatusCode == HttpStatusCode.OK && !text.Contains("\"error\"", StringComparison.Ordinal), $"{path}: {text}");
            if (path == "/faces/recognize")
            {
                Assert.True(JsonNode.Parse(text)!["present"]!.GetValue<bool>());
            }

            asked++;
        }

        Assert.Equal(5, asked);
    }

    [Fact]
    public async Task The_API_page_sends_an_example_under_its_strict_policy_and_asks_no_other_host()
    {
        using var playwright = await Playwright.CreateAsync();
        await using var browser = await playwright.Chromium.LaunchAsync(new()
        {
            ExecutablePath = Environment.GetEnvironmentVariable("FINDME_CHROMIUM") is { Length: > 0 } path ? path : "/usr/bin/chromium",
            Args = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
        });
        var page = await browser.NewPageAsync(new() { BaseURL = vision.Address });
        page.SetDefaultTimeout(120_000);
        var (problems, elsewhere) = (new ConcurrentQueue<string>(), new ConcurrentQueue<string>());
        page.Console += (_, message) =>
        {
            if (message.Type == "error")
            {
                problems.Enqueue(message.Text);
            }
        };
        page.PageError += (_, error) => problems.Enqueue(error);
        page.Request += (_, request) =>
        {
            if (!request.Url.StartsWith(vision.Address, StringComparison.Ordinal) && !request.Url.StartsWith("data:", StringComparison.Ordinal) && !request.Url.StartsWith("blob:", StringComparison.Ordinal))
            {
                elsewhere.Enqueue(request.Url);
            }
        };

        var opened = await page.GotoAsync("/scalar");
        await Expect(page.GetByText("Classify a picture").First).ToBeVisibleAsync(new() { Timeout = 120_000 });
        var policy = (await opened!.AllHeadersAsync())["content-security-policy"];

        Assert.Contains("default-src 'none'", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe-eval", policy, StringComparison.Ordinal);
        await page.GetByRole(AriaRole.Button, new() { NameRegex = TestRequest() }).First.ClickAsync();
        var answer = await page.RunAndWaitForResponseAsync(
            () => page.GetByRole(AriaRole.Button, new() { NameRegex = Send() }).First.ClickAsync(), response => response.Request.Method == "POST");
        Assert.Equal(200, answer.Status);
        Assert.Empty(elsewhere);
        Assert.Empty(problems);
    }

    private async Task<JsonObject> PathsAsync() =>
        JsonNode.Parse(await vision.Http.GetStringAsync(new Uri("/openapi/v1.json", UriKind.Relative), TestContext.Current.CancellationToken))!["paths"]!.AsObject();

    [GeneratedRegex("<code>POST ([^<]+)</code>")]
    private static partial Regex Endpoint();

    [GeneratedRegex("href=\"(/[^\"]*)\"")]
    private static partial Regex Link();

    [GeneratedRegex("Test Request", RegexOptions.IgnoreCase)]
    private static partial Regex TestRequest();

    [GeneratedRegex("Send", RegexOptions.IgnoreCase)]
    private static partial Regex Send();
}
