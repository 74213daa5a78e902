using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using FindMe.Local;

namespace FindMe.Apps.Tests.Wiring;

/// <summary>The three apps as processes, each with a port for people and one for Dapr, but without any sidecar.</summary>
public sealed class StartedApps : IAsyncLifetime
{
    /// <summary>What Dapr would send.</summary>
    internal const string Token = "a-token-that-only-dapr-knows";

    private static readonly string[] Apps = ["FindMe.Api", "FindMe.Collect", "FindMe.Compare"];

    private readonly TemporaryFolder _folder = new();
    private readonly List<Process> _processes = [];
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false });

    /// <summary>Where people come, by the app's project.</summary>
    internal Dictionary<string, Uri> Pages { get; } = [];

    /// <summary>Where Dapr comes, by the app's project.</summary>
    internal Dictionary<string, Uri> DaprPorts { get; } = [];

    public async ValueTask InitializeAsync()
    {
        var taken = new HashSet<int>();
        foreach (var app in Apps)
        {
            Pages[app] = new Uri($"http://127.0.0.1:{Ports.TakeFree(taken)}");
            DaprPorts[app] = new Uri($"http://127.0.0.1:{Ports.TakeFree(taken)}");
            var start = new ProcessStartInfo("dotnet", [Checkouts.ProgramOf(app)])
            {
                WorkingDirectory = _folder.Path,
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
            };
            start.Environment["ASPNETCORE_URLS"] = $"{Pages[app]};{DaprPorts[app]}";
            start.Environment["APP_PORT"] = $"{DaprPorts[app].Port}";
            start.Environment["APP_API_TOKEN"] = Token;
            start.Environment["ExitWithParent"] = "true";
            start.Environment["KeyRing__Path"] = _folder.Folder("keys");
            start.Environment["Faces__ModelsPath"] = Checkouts.Models;
            start.Environment["DAPR_GRPC_ENDPOINT"] = "http://127.0.0.1:1";
            var process = Process.Start(start)!;
            process.OutputDataReceived += (_, _) => { };
            process.BeginOutputReadLine();
            _processes.Add(process);
        }

        foreach (var page in Pages.Values)
        {
            await UntilHealthyAsync(page);
        }
    }

    /// <summary>Sends a request, with this as Dapr's token unless it is null.</summary>
    internal async Task<(HttpStatusCode Status, string Body)> SendAsync(HttpMethod method, Uri address, string? token, string? body = null)
    {
        using var request = new HttpRequestMessage(method, address);
        if (token is not null)
        {
            request.Headers.Add("dapr-api-token", token);
        }

        if (body is not null)
        {
            request.Content = new StringContent(body, new System.Net.Http.Headers.MediaTypeHeaderValue("application/cloudevents+json"));
        }

        using var answer = await _http.SendAsync(request);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }

    /// <summary>What Dapr is told when it asks each app for its subscriptions.</summary>
    internal async Task<IReadOnlyList<ServedSubscription>> SubscriptionsAsync()
    {
        var served = new List<ServedSubscription>();
        foreach (var (app, port) in DaprPorts)
        {
            var (status, body) = await SendAsync(HttpMethod.Get, new Uri(port, "/dapr/subscribe"), Token);
            Assert.Equal(HttpStatusCode.OK, status);
            var id = app.Replace('.', '-').ToLowerInvariant();
            served.AddRange(JsonSerializer.Deserialize<List<ServedSubscription>>(body, JsonSerializerOptions.Web)!.Select(entry => entry with { App = id }));
        }

        return served;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _processes)
        {
            process.StandardInput.Close();
            await process.WaitForExitAsync();
            process.Dispose();
        }

        _http.Dispose();
        _folder.Dispose();
    }

    private async Task UntilHealthyAsync(Uri page)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                if ((await SendAsync(HttpMethod.Get, new Uri(page, "/healthz"), null)).Status == HttpStatusCode.OK)
                {
                    return;
                }
            }
            catch (HttpRequestException exception) when (exception.InnerException is SocketException && attempt < 600)
            {
                // Not listening yet.
            }

            Assert.True(attempt < 600, $"{page} does not get healthy");
            await Task.Delay(50);
        }
    }
}

/// <summary>The classes that share the apps: each start costs seconds.</summary>
[CollectionDefinition]
public sealed class SharingStartedApps : ICollectionFixture<StartedApps>;

/// <summary>A subscription as an app tells Dapr of it.</summary>
internal sealed record ServedSubscription(string PubSubName, string Topic, string Route, string? DeadLetterTopic)
{
    /// <summary>The app's Dapr id.</summary>
    public string App { get; init; } = "";
}
