using System.ComponentModel.DataAnnotations;
using System.Net;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;

namespace FindMe.Api;

/// <summary>Limits of connections and request bodies. Section <c>Server</c> of the configuration; checked at start.</summary>
public sealed class ServerLimitOptions
{
    /// <summary>The configuration section these are read from.</summary>
    public const string Section = "Server";

    /// <summary>
    /// Largest request body, in bytes, 1 KiB to 1 MiB. Default 64 KiB, a hundred times the page's largest JSON; larger ones get 413.
    /// Upload endpoints have limits of their own.
    /// </summary>
    [Range(1 << 10, 1 << 20)]
    public int MaxBodyBytes { get; set; } = 64 << 10;

    /// <summary>Timeout for receiving all request headers, 1 to 60 s. Default 10 s, a third of Kestrel's: browsers send them at once. Slower connections are closed.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:01:00")]
    public TimeSpan HeadersTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Minimum data rate of a request body, in bytes per second, 1 to 1,000,000. Default 1,024, slower than any mobile network sends a photo.</summary>
    [Range(1, 1_000_000)]
    public int MinBodyBytesPerSecond { get; set; } = 1_024;

    /// <summary>Grace period before the minimum data rate applies, 1 to 60 s. Default 5 s, Kestrel's own.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:01:00")]
    public TimeSpan BodyGrace { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Timeout for receiving a whole picture, 5 s to 1 h. Default 2 minutes, 170 kB per second for the largest one; slower ones get 408. The
    /// time starts when the upload gets its slot.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:05", "01:00:00")]
    public TimeSpan PictureTimeout { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>Timeout for receiving a whole ZIP file, 5 s to 12 h. Default 30 minutes, 280 kB per second for the largest one.</summary>
    [Range(typeof(TimeSpan), "00:00:05", "12:00:00")]
    public TimeSpan ZipTimeout { get; set; } = TimeSpan.FromMinutes(30);

    /// <summary>
    /// Minimum data rate of an upload while others wait for its slot, in bytes per second, 1 to 10,000,000. Default 65,536, half a megabit per
    /// second. After <see cref="BodyGrace"/> slower ones get 408, so that slow clients cannot block others.
    /// </summary>
    [Range(1, 10_000_000)]
    public int MinContendedBytesPerSecond { get; set; } = 65_536;

    /// <summary>
    /// Open connections from one address (IPv6: one /64) to one port, 1 to 100,000. Default 500, a tenth of <see cref="MaxConnections"/>: an office of
    /// 80 people whose browsers open six each. Further ones are closed at once.
    /// </summary>
    /// <remarks>
    /// Behind a proxy every connection comes from the proxy. If <c>ASPNETCORE_FORWARDEDHEADERS_ENABLED</c> is <c>true</c>, as on Azure Container
    /// Apps, this limit is disabled and the proxy must limit its clients. A proxy without that setting, also one on the same machine, counts as one
    /// address here and in <see cref="RequestRateOptions"/>.
    /// </remarks>
    [Range(1, 100_000)]
    public int MaxConnectionsPerAddress { get; set; } = 500;

    /// <summary>Open connections in total, 10 to 100,000. Default 5,000, at about 10 kB each; further ones are closed at once. Under HTTP/1.1 every event stream is a connection.</summary>
    [Range(10, 100_000)]
    public int MaxConnections { get; set; } = 5_000;
}

[OptionsValidator]
internal sealed partial class ServerLimitOptionsValidator : IValidateOptions<ServerLimitOptions>;

/// <summary>Limits the size, rate and number of connections.</summary>
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

            // The framework's switch ASPNETCORE_FORWARDEDHEADERS_ENABLED: connections then have the proxy's address.
            if (!configuration.GetValue<bool>("ForwardedHeaders_Enabled"))
            {
                var connections = new AddressConnections(limits.MaxConnectionsPerAddress);
                kestrel.ConfigureEndpointDefaults(endpoint => endpoint.Use(next => connection => connections.ServeAsync(connection, next)));
            }
        });
    }

    /// <summary>Closes new connections of an address that has reached its limit.</summary>
    private sealed class AddressConnections(int most)
    {
        // Per port too, so that a flood of the page's port cannot lock out the sidecar.
        private readonly PartitionedRateLimiter<ConnectionContext> _open = PartitionedRateLimiter.Create<ConnectionContext, (int?, string)>(connection =>
            RateLimitPartition.GetConcurrencyLimiter(
                ((connection.LocalEndPoint as IPEndPoint)?.Port, ClientAddress.Of((connection.RemoteEndPoint as IPEndPoint)?.Address)),
                _ => new ConcurrencyLimiterOptions { PermitLimit = most }));

        public async Task ServeAsync(ConnectionContext connection, ConnectionDelegate next)
        {
            using var place = _open.AttemptAcquire(connection);
            if (!place.IsAcquired)
            {
                connection.Abort(new ConnectionAbortedException("The address has reached its limit of connections."));
                return;
            }

            await next(connection);
        }
    }
}
