using System.Net;
using System.Text;
using System.Text.Json;
using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace LocalDapr.Tests;

/// <summary>A request from the sidecar to the app.</summary>
public sealed record AppRequest(string Method, string Path, IReadOnlyDictionary<string, string> Headers, byte[] Body)
{
    public string Text => Encoding.UTF8.GetString(Body);

    public JsonElement Json => JsonDocument.Parse(Body).RootElement.Clone();

    public int DeliveryCount => int.Parse(Headers["metadata.DeliveryCount"]);
}

/// <summary>A response of the app.</summary>
public sealed record AppReply(int Status, string? Body = null)
{
    public static readonly AppReply Ok = new(200);

    /// <summary>No response: resets the connection during the request, like a killed process.</summary>
    public static readonly AppReply CutOff = new(0);
}

/// <summary>An app on a real port, whose subscriptions and responses tests set.</summary>
public sealed class TestApp : IAsyncDisposable
{
    private readonly Channel<AppRequest> _events = Channel.CreateUnbounded<AppRequest>();
    private readonly Channel<AppRequest> _discovery = Channel.CreateUnbounded<AppRequest>();
    private WebApplication? _server;
    private readonly TaskCompletionSource<string> _suffix = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private TestApp(string appId, int port)
    {
        AppId = appId;
        Port = port;
    }

    public string AppId { get; }

    public int Port { get; private set; }

    public int SubscribeStatus { get; set; } = 200;

    public string Subscriptions { get; set; } = "[]";

    /// <summary>The topic suffix of the test's sidecar. The app does not respond until it is set.</summary>
    public string TopicSuffix
    {
        set => _suffix.TrySetResult(value);
    }

    public Func<AppRequest, CancellationToken, Task<AppReply>> Handler { get; set; } = (_, _) => Task.FromResult(AppReply.Ok);

    /// <summary>Starts an app.</summary>
    public static async Task<TestApp> StartAsync(string appId, string subscriptions = "[]", Func<AppRequest, AppReply>? answer = null)
    {
        var app = new TestApp(appId, 0) { Subscriptions = subscriptions };
        if (answer is not null)
        {
            app.Handler = (request, _) => Task.FromResult(answer(request));
        }

        await app.ListenAsync();
        return app;
    }

    /// <summary>The usual subscription of these tests: topic <c>orders</c> of component <c>pubsub</c> at <c>/orders</c>.</summary>
    public static string Orders(string more = "") => $$"""[{"pubsubname":"pubsub","topic":"orders","route":"/orders"{{more}}}]""";

    /// <summary>Starts listening, on the same port as before.</summary>
    public async Task ListenAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, Port));
        _server = builder.Build();
        _server.Run(AnswerAsync);
        await _server.StartAsync();
        Port = new Uri(_server.Urls.Single()).Port;
    }

    /// <summary>Stops listening at once, and aborts requests in progress.</summary>
    public async Task CloseAsync()
    {
        if (_server is null)
        {
            return;
        }

        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await _server.StopAsync(now.Token);
        await _server.DisposeAsync();
        _server = null;
    }

    /// <summary>Returns the next delivered event, within <see cref="Timeouts"/>.</summary>
    public Task<AppRequest> NextAsync() => NextAsync(_events);

    /// <summary>Returns the next call of dapr/config or dapr/subscribe, within <see cref="Timeouts"/>.</summary>
    public Task<AppRequest> NextDiscoveryAsync() => NextAsync(_discovery);

    /// <summary>Number of delivered events not yet read by <see cref="NextAsync()"/>.</summary>
    public int Unread => _events.Reader.Count;

    public async ValueTask DisposeAsync() => await CloseAsync();

    private static async Task<AppRequest> NextAsync(Channel<AppRequest> channel)
    {
        using var deadline = new CancellationTokenSource(Timeouts.Time);
        return await channel.Reader.ReadAsync(deadline.Token);
    }

    private async Task AnswerAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        var headers = context.Request.Headers.ToDictionary(header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase);
        var suffix = await _suffix.Task;
        var request = new AppRequest(context.Request.Method, context.Request.Path, headers, Tests.TopicSuffix.RemoveFrom(body.ToArray(), suffix));
        var reply = request.Path switch
        {
            "/dapr/config" => Discovered(new AppReply(404)),
            "/dapr/subscribe" => Discovered(new AppReply(SubscribeStatus, Tests.TopicSuffix.AddTo(Subscriptions, suffix))),
            _ => await DeliveredAsync(),
        };
        if (reply == AppReply.CutOff)
        {
            context.Abort();
            return;
        }

        context.Response.StatusCode = reply.Status;
        if (reply.Body is not null)
        {
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync(reply.Body);
        }

        AppReply Discovered(AppReply answer)
        {
            _discovery.Writer.TryWrite(request);
            return answer;
        }

        async Task<AppReply> DeliveredAsync()
        {
            _events.Writer.TryWrite(request);
            return await Handler(request, context.RequestAborted);
        }
    }

    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
