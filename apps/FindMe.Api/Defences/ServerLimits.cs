using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;

namespace FindMe.Api;

/// <summary>What one connection may cost. Section <c>Server</c> of the configuration; checked at start.</summary>
public sealed class ServerLimitOptions
{
    /// <summary>The configuration section these are read from.</summary>
    public const string Section = "Server";

    /// <summary>
    /// Largest body of a request, in bytes, 1 kiB to 1 MiB. Default 64 kiB, a hundred times the largest JSON of the page; larger ones are
    /// answered with 413. Endpoints that take files have limits of their own.
    /// </summary>
    [Range(1 << 10, 1 << 20)]
    public int MaxBodyBytes { get; set; } = 64 << 10;

    /// <summary>Time for a request's headers to come whole, 1 to 60 s. Default 10 s, a third of Kestrel's: a browser sends them at once. Slower connections are closed.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:01:00")]
    public TimeSpan HeadersTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Slowest rate at which a body may come, in bytes a second, 1 to 1,000,000. Default 1,024: a 20 MiB photo by the slowest of mobile networks comes faster.</summary>
    [Range(1, 1_000_000)]
    public int MinBodyBytesPerSecond { get; set; } = 1_024;

    /// <summary>Time before that rate is asked for, 1 to 60 s. Default 5 s, Kestrel's own.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:01:00")]
    public TimeSpan BodyGrace { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Open connections, 10 to 100,000. Default 5,000, at some 10 kB each; further ones are closed at once. Every stream of events is one under HTTP/1.1.</summary>
    [Range(10, 100_000)]
    public int MaxConnections { get; set; } = 5_000;
}

[OptionsValidator]
internal sealed partial class ServerLimitOptionsValidator : IValidateOptions<ServerLimitOptions>;

/// <summary>Bounds what a connection may cost, in bytes and in time.</summary>
internal static class ServerLimits
{
    public static void AddServerLimits(this IServiceCollection services)
    {
        services.AddOptions<ServerLimitOptions>().BindConfiguration(ServerLimitOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<ServerLimitOptions>, ServerLimitOptionsValidator>();
        services.AddOptions<KestrelServerOptions>().Configure<IOptions<ServerLimitOptions>>((kestrel, options) =>
        {
            var limits = options.Value;
            kestrel.Limits.MaxRequestBodySize = limits.MaxBodyBytes;
            kestrel.Limits.RequestHeadersTimeout = limits.HeadersTimeout;
            kestrel.Limits.MinRequestBodyDataRate = new MinDataRate(limits.MinBodyBytesPerSecond, limits.BodyGrace);
            kestrel.Limits.MaxConcurrentConnections = limits.MaxConnections;
        });
    }
}
