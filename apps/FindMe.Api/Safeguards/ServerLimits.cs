using System.ComponentModel.DataAnnotations;
using System.Net;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Connections;
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

    /// <summary>
    /// Time in which a whole picture must come, 5 s to 1 h. Default 2 minutes, 170 kB a second for the largest one; what takes longer is answered
    /// with 408. It counts from the moment at which the picture is let in.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:05", "01:00:00")]
    public TimeSpan PictureTimeout { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>The same for a ZIP file, 5 s to 12 h. Default 30 minutes, 280 kB a second for the largest one.</summary>
    [Range(typeof(TimeSpan), "00:00:05", "12:00:00")]
    public TimeSpan ZipTimeout { get; set; } = TimeSpan.FromMinutes(30);

    /// <summary>
    /// Slowest rate of a file while others wait for its place, in bytes a second, 1 to 10,000,000. Default 65,536, half a megabit a second: after
    /// <see cref="BodyGrace"/> a slower one is answered with 408, so that slow senders cannot keep others out.
    /// </summary>
    [Range(1, 10_000_000)]
    public int MinContendedBytesPerSecond { get; set; } = 65_536;

    /// <summary>
    /// Open connections from one address (IPv6: one /64) to one port, 1 to 100,000. Default 500, a tenth of <see cref="MaxConnections"/>: an office of
    /// 80 people whose browsers open six each. Further ones are closed at once.
    /// </summary>
    /// <remarks>
    /// Behind a proxy every connection comes from the proxy. Where <c>ASPNETCORE_FORWARDEDHEADERS_ENABLED</c> is <c>true</c>, as on Azure Container
    /// Apps, this limit is off, and the proxy is what bounds its callers. A proxy without that setting, also one on the same machine, counts
    /// as one address here and in <see cref="RequestRateOptions"/>.
    /// </remarks>
    [Range(1, 100_000)]
    public int MaxConnectionsPerAddress { get; set; } = 500;

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
        services.AddOptions<KestrelServerOptions>().Configure<IOptions<ServerLimitOptions>, IConfiguration>((kestrel, options, configuration) =>
        {
            var limits = options.Value;
            kestrel.Limits.MaxRequestBodySize = limits.MaxBodyBytes;
            kestrel.Limits.RequestHeadersTimeout = limits.HeadersTimeout;
            kestrel.Limits.MinRequestBodyDataRate = new MinDataRate(limits.MinBodyBytesPerSecond, limits.BodyGrace);
            kestrel.Limits.MaxConcurrentConnections = limits.MaxConnections;

            // ASPNETCORE_FORWARDEDHEADERS_ENABLED, as the framework reads it: then the address of a connection is the proxy's.
            if (!configuration.GetValue<bool>("ForwardedHeaders_Enabled"))
            {
                var connections = new AddressConnections(limits.MaxConnectionsPerAddress);
                kestrel.ConfigureEndpointDefaults(endpoint => endpoint.Use(next => connection => connections.ServeAsync(connection, next)));
            }
        });
    }

    /// <summary>Closes the connections of an address that has as many as it may have.</summary>
    private sealed class AddressConnections(int most)
    {
        // By port as well: a flood of the page's port must not keep the sidecar out.
        private readonly PartitionedRateLimiter<ConnectionContext> _open = PartitionedRateLimiter.Create<ConnectionContext, (int?, string)>(connection =>
            RateLimitPartition.GetConcurrencyLimiter(
                ((connection.LocalEndPoint as IPEndPoint)?.Port, ClientAddress.Of((connection.RemoteEndPoint as IPEndPoint)?.Address)),
                _ => new ConcurrencyLimiterOptions { PermitLimit = most }));

        public async Task ServeAsync(ConnectionContext connection, ConnectionDelegate next)
        {
            using var place = _open.AttemptAcquire(connection);
            if (!place.IsAcquired)
            {
                connection.Abort(new ConnectionAbortedException("The address has as many connections as it may have."));
                return;
            }

            await next(connection);
        }
    }
}
