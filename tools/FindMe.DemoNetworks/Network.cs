using System.Net;
using System.Text.Json.Nodes;
using FindMe.DemoNetworks.SigningIn;
using Microsoft.AspNetCore.Http.Features;

namespace FindMe.DemoNetworks;

/// <summary>A limit on the calls of a network's search: so many in a window.</summary>
/// <param name="Calls">How many calls, at least 1.</param>
/// <param name="Window">How long the window is; the next begins with the first call after it.</param>
public sealed record RateLimit(int Calls, TimeSpan Window);

/// <summary>One network on a port of its own: what is posted, who is signed in, what goes wrong, and what was asked.</summary>
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

    /// <summary>Its name at the control address: <c>mastodon-1</c>, <c>x</c>, <c>bluesky</c>.</summary>
    public string Name { get; }

    /// <summary>Where it listens.</summary>
    public Uri Address { get; private set; } = new("http://127.0.0.1");

    /// <summary>What it was asked.</summary>
    public CallLog Calls { get; } = new();

    /// <summary>What goes wrong.</summary>
    public FaultPlan Faults { get; } = new();

    /// <summary>Who is signed in; every secret that was given out.</summary>
    public Grants Grants { get; }

    /// <summary>The limit of its search; null: the network's own, which no test reaches.</summary>
    public RateLimit? Limit
    {
        get;
        set
        {
            lock (_lock)
            {
                // A window of the limit before would go on for as long as that one was.
                (field, _window) = (value, default);
            }
        }
    }

    private protected Scenario Scenario { get; }

    private protected TimeProvider Time { get; }

    /// <summary>The network's own limit, as documented.</summary>
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

    /// <summary>The address is known: what is posted can be written down.</summary>
    private protected abstract void Started();

    /// <summary>The network's words for a fault.</summary>
    private protected abstract (int Status, JsonNode Body) AnswerTo(Fault fault);

    /// <summary>The network's headers that say how many calls are left.</summary>
    private protected abstract void WriteLimit(IHeaderDictionary headers, int limit, int remaining, DateTimeOffset reset);

    /// <summary>The fault that changes this answer without replacing it.</summary>
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
            var fault = Faults.Next(endpoint) ?? (endpoint == "search" && !TakeTurn(context) ? new Fault(endpoint, FaultKind.RateLimited) : null);
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

    // Marks, until the answer begins, that the limit's own headers stand there already.
    private const string Written = "bench-limit";

    private bool TakeTurn(HttpContext context)
    {
        var limit = Limit ?? DocumentedLimit;
        lock (_lock)
        {
            var now = Time.GetUtcNow();
            if (now >= _window.Reset)
            {
                // Networks tell whole seconds: the window ends where they say it does.
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
    /// <summary>Builds a host on a port; 0: any that is free.</summary>
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

    /// <summary>Starts it.</summary>
    /// <returns>Where it listens.</returns>
    public static async Task<Uri> StartAsync(WebApplication app)
    {
        await app.StartAsync();
        return new Uri(app.Urls.Single());
    }

    /// <summary>Names an endpoint for the call log and for faults.</summary>
    public static RouteHandlerBuilder Named(this RouteHandlerBuilder endpoint, string name) => endpoint.WithMetadata(new EndpointName(name));
}
