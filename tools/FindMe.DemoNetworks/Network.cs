using System.Net;
using System.Text.Json.Nodes;
using FindMe.DemoNetworks.Authentication;
using Microsoft.AspNetCore.Http.Features;

namespace FindMe.DemoNetworks;

/// <summary>A rate limit on a network's search.</summary>
/// <param name="Calls">Maximum requests per window, at least 1.</param>
/// <param name="Window">Length of the window; the next one starts with the first request after it.</param>
public sealed record RateLimit(int Calls, TimeSpan Window);

/// <summary>One imitated network on its own port: its posts, sessions, faults and request log.</summary>
public abstract class Network : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private WebApplication? _app;
    private (DateTimeOffset Reset, int Used) _window;

    private protected Network(string name, Scenario scenario, TimeProvider time)
    {
        Name = name;
        Scenario = scenario;
        Time = time;
        Grants = new Grants(time);
    }

    /// <summary>Its name in <see cref="ControlRoutes"/>: <c>mastodon-1</c>, <c>x</c>, <c>bluesky</c>.</summary>
    public string Name { get; }

    /// <summary>Its address.</summary>
    public Uri Address { get; private set; } = new("http://127.0.0.1");

    /// <summary>The requests so far.</summary>
    public CallLog Calls { get; } = new();

    /// <summary>The pending faults.</summary>
    public FaultPlan Faults { get; } = new();

    /// <summary>Codes, tokens and client secrets issued so far.</summary>
    public Grants Grants { get; }

    /// <summary>The rate limit of its search; null for the documented one, which no test reaches.</summary>
    public RateLimit? Limit
    {
        get;
        set
        {
            lock (_lock)
            {
                // Otherwise a window of the previous limit would keep its length.
                (field, _window) = (value, default);
            }
        }
    }

    private protected Scenario Scenario { get; }

    private protected TimeProvider Time { get; }

    /// <summary>The network's documented rate limit.</summary>
    private protected abstract RateLimit DocumentedLimit { get; }

    /// <summary>Stops listening.</summary>
    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (_app is not null)
        {
            await _app.DisposeAsync();
        }
    }

    /// <summary>Publishes a post now.</summary>
    public abstract void Publish(ScenarioPost post);

    internal async Task StartAsync(int port)
    {
        _app = LoopbackHost.Build(port);
        _app.UseRouting();
        _app.Use(CountAsync);
        Map(_app);
        Address = await LoopbackHost.StartAsync(_app);
        Started();
    }

    private protected abstract void Map(WebApplication app);

    /// <summary>Called once the address is known, to create the posts.</summary>
    private protected abstract void Started();

    /// <summary>Returns the network's response to a fault.</summary>
    private protected abstract (int Status, JsonNode Body) AnswerTo(Fault fault);

    /// <summary>Adds the network's rate limit headers.</summary>
    private protected abstract void WriteLimit(IHeaderDictionary headers, int limit, int remaining, DateTimeOffset reset);

    /// <summary>The fault that modifies this response without replacing it; null for none.</summary>
    private protected static Fault? FaultOf(HttpContext context) => context.Features.Get<Fault>();

    private protected static void Served(HttpContext context, int posts) => context.Features.Get<PostsServed>()!.Count = posts;

    private async Task CountAsync(HttpContext context, RequestDelegate next)
    {
        var endpoint = context.GetEndpoint()?.Metadata.GetMetadata<EndpointName>()?.Name;
        if (endpoint is null)
        {
            await next(context);
            return;
        }

        var served = new PostsServed();
        context.Features.Set(served);
        var status = 0;
        try
        {
            var fault = Faults.Next(endpoint) ?? (endpoint == "search" && !TryCount(context) ? new Fault(endpoint, FaultKind.RateLimited) : null);
            context.Features.Set(fault);
            if (fault is { Kind: FaultKind.Disconnect })
            {
                context.Features.Get<IHttpRequestLifetimeFeature>()!.Abort();
                return;
            }

            if (fault is null or { Kind: FaultKind.PartialErrors or FaultKind.MissingIncludes })
            {
                await next(context);
            }
            else
            {
                await AnswerAsync(context, fault);
            }

            status = context.Response.StatusCode;
        }
        finally
        {
            Calls.Add(new NetworkCall(
                endpoint, context.Request.Method, context.Request.Path + context.Request.QueryString, status, served.Count, Time.GetUtcNow()));
        }
    }

    private async Task AnswerAsync(HttpContext context, Fault fault)
    {
        if (fault.Kind == FaultKind.Malformed)
        {
            await context.Response.WriteAsync(fault.Body, context.RequestAborted);
            return;
        }

        if (fault.Kind == FaultKind.Unauthorized)
        {
            Grants.ExpireAccessTokens();
        }

        if (fault.Kind is FaultKind.RateLimited or FaultKind.UsageCapped && !context.Response.Headers.ContainsKey(Written))
        {
            WriteLimit(context.Response.Headers, (Limit ?? DocumentedLimit).Calls, 0, Time.GetUtcNow() + fault.ResetAfter);
        }

        context.Response.Headers.Remove(Written);
        var (status, body) = AnswerTo(fault);
        context.Response.StatusCode = status;
        await context.Response.WriteAsJsonAsync(body, context.RequestAborted);
    }

    // Marks a response whose rate limit headers are already written.
    private const string Written = "bench-limit";

    private bool TryCount(HttpContext context)
    {
        var limit = Limit ?? DocumentedLimit;
        lock (_lock)
        {
            var now = Time.GetUtcNow();
            if (now >= _window.Reset)
            {
                // Networks report whole seconds, so the window ends on a whole second, too.
                var reset = now + limit.Window;
                _window = (DateTimeOffset.FromUnixTimeSeconds((long)Math.Ceiling(reset.ToUnixTimeMilliseconds() / 1000.0)), 0);
            }

            var allowed = _window.Used < limit.Calls;
            _window.Used += allowed ? 1 : 0;
            WriteLimit(context.Response.Headers, limit.Calls, limit.Calls - _window.Used, _window.Reset);
            if (!allowed)
            {
                context.Response.Headers[Written] = "yes";
            }

            return allowed;
        }
    }
}

/// <summary>A host on the loopback address.</summary>
internal static class LoopbackHost
{
    /// <summary>Builds a host on a port; 0 picks a free one.</summary>
    public static WebApplication Build(int port)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Listen(IPAddress.Loopback, port);
        });
        return builder.Build();
    }

    /// <summary>Starts it and returns its address.</summary>
    public static async Task<Uri> StartAsync(WebApplication app)
    {
        await app.StartAsync();
        return new Uri(app.Urls.Single());
    }

    /// <summary>Sets an endpoint's name in the call log and in faults.</summary>
    public static RouteHandlerBuilder Named(this RouteHandlerBuilder endpoint, string name) => endpoint.WithMetadata(new EndpointName(name));
}
