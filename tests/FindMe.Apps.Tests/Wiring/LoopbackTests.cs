using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;

namespace FindMe.Apps.Tests.Wiring;

/// <summary>A page in the operator's browser must not reach the apps: neither under a name of its own that leads here, nor with a body that a form can send.</summary>
[Collection<SharingStartedApps>]
public sealed class LoopbackTests(StartedApps apps)
{
    [Theory]
    [InlineData("evil.example")]
    [InlineData("localhost.evil.example:5102")]
    public async Task An_app_that_listens_on_this_machine_alone_refuses_other_host_names_on_both_ports(string host)
    {
        foreach (var address in apps.Pages.Concat(apps.DaprPorts).Select(app => app.Value))
        {
            Assert.Equal(HttpStatusCode.BadRequest, await StatusAsync(HttpMethod.Get, new Uri(address, "/healthz"), host));
            Assert.Equal(HttpStatusCode.BadRequest, await StatusAsync(HttpMethod.Get, new Uri(address, "/dapr/subscribe"), host));
            Assert.Equal(HttpStatusCode.OK, await StatusAsync(HttpMethod.Get, new Uri(address, "/healthz"), $"localhost:{address.Port}"));
        }
    }

    [Theory]
    [InlineData("FindMe.Collect", "/search_request")]
    [InlineData("FindMe.Collect", "/search_request_dead")]
    [InlineData("FindMe.Collect", "/tweet_image_dead")]
    [InlineData("FindMe.Compare", "/tweet_image")]
    public async Task A_subscriber_takes_json_and_cloud_events_and_no_other_content_type(string app, string path)
    {
        foreach (var type in new[] { "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/octet-stream", "application/json-seq", null })
        {
            Assert.Equal(HttpStatusCode.UnsupportedMediaType, await PostAsync(app, path, type));
        }

        foreach (var type in new[] { "application/json", "application/cloudevents+json", "application/cloudevents+json; charset=UTF-8", "Application/JSON" })
        {
            Assert.Equal(HttpStatusCode.OK, await PostAsync(app, path, type));
        }
    }

    [Fact]
    public async Task An_app_that_Dapr_runs_without_tokens_says_so_in_one_line_and_one_with_them_does_not()
    {
        Assert.Single(await WarningsAsync([]), line => line.Contains("APP_API_TOKEN", StringComparison.Ordinal) && line.Contains("./dapr-run", StringComparison.Ordinal));
        Assert.Single(await WarningsAsync([("APP_API_TOKEN", "a")]), line => line.Contains("DAPR_API_TOKEN", StringComparison.Ordinal));
        Assert.Empty(await WarningsAsync([("APP_API_TOKEN", "a"), ("DAPR_API_TOKEN", "b")]));
    }

    private static async Task<HttpStatusCode> StatusAsync(HttpMethod method, Uri address, string host)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        using var request = new HttpRequestMessage(method, address);
        request.Headers.Host = host;
        request.Headers.Add("dapr-api-token", StartedApps.Token);
        using var answer = await http.SendAsync(request, TestContext.Current.CancellationToken);
        // On the page's port Dapr's routes do not exist.
        return answer.StatusCode;
    }

    // An event without data is dropped, so that no sidecar is needed.
    private async Task<HttpStatusCode> PostAsync(string app, string path, string? type)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        using var content = new ByteArrayContent("""{"id":"x","topic":"t"}"""u8.ToArray());
        content.Headers.ContentType = type is null ? null : MediaTypeHeaderValue.Parse(type);
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(apps.DaprPorts[app], path)) { Content = content };
        request.Headers.Add("dapr-api-token", StartedApps.Token);
        using var answer = await http.SendAsync(request, TestContext.Current.CancellationToken);
        return answer.StatusCode;
    }

    // What Collect writes until it listens.
    private static async Task<IReadOnlyList<string>> WarningsAsync((string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo("dotnet", [Checkouts.ProgramOf("FindMe.Collect")])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            Environment = { ["ASPNETCORE_URLS"] = "http://127.0.0.1:0", ["ExitWithParent"] = "true", ["APP_API_TOKEN"] = "", ["DAPR_API_TOKEN"] = "" },
        };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        deadline.CancelAfter(TimeSpan.FromMinutes(1));
        var lines = new List<string>();
        while (await process.StandardOutput.ReadLineAsync(deadline.Token) is { } line)
        {
            lines.Add(line);
            if (line.Contains("Application started", StringComparison.Ordinal))
            {
                process.StandardInput.Close();
            }
        }

        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, process.ExitCode);
        return [.. lines.Where(line => line.StartsWith("warn:", StringComparison.Ordinal))];
    }
}
