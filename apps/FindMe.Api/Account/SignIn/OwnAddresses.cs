using System.Net;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Options;

namespace FindMe.Api;

/// <summary>FindMe's own addresses, to which networks redirect people. They come from the configuration, never from a request's Host header.</summary>
/// <remarks>
/// <see cref="SignInOptions.PublicAddress"/> if it is set. Otherwise the addresses at which the page listens, with the hosts of <c>AllowedHosts</c>. On a
/// local machine these are <c>localhost</c>, <c>127.0.0.1</c> and <c>[::1]</c>, because each host has its own cookie.
/// </remarks>
internal sealed class OwnAddresses(IServer server, IConfiguration configuration, IOptions<SignInOptions> options)
{
    private static readonly string[] Loopback = ["localhost", "127.0.0.1", "[::1]"];

    private readonly Lazy<IReadOnlyList<Uri>> _all = new(() => options.Value.PublicAddress is { } address
        ? [address]
        : Find(server.Features.Get<IServerAddressesFeature>()?.Addresses ?? [], configuration));

    /// <summary>All of FindMe's addresses, at least one.</summary>
    public IReadOnlyList<Uri> All => _all.Value;

    /// <summary>The address that a request used; the first one if it matches none.</summary>
    public Uri Of(HttpRequest request) =>
        All.FirstOrDefault(address => address.Scheme == request.Scheme && string.Equals(address.Authority, request.Host.Value, StringComparison.OrdinalIgnoreCase)) ?? All[0];

    private static List<Uri> Find(IEnumerable<string> listening, IConfiguration configuration)
    {
        string[] allowed = [.. (configuration["AllowedHosts"] ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Where(host => !host.Contains('*'))];
        var own = listening
            .Select(BindingAddress.Parse)
            .Where(binding => !binding.IsUnixPipe && !binding.IsNamedPipe && $"{binding.Port}" != configuration["APP_PORT"])
            .SelectMany(binding => HostsOf(binding.Host, allowed).Select(host => new Uri($"{binding.Scheme}://{host}:{binding.Port}")));

        // A proxy that terminates TLS, at the default port.
        var proxied = configuration.GetValue<bool>("ForwardedHeaders_Enabled") ? allowed.Select(host => new Uri($"https://{host}")) : [];
        return [.. proxied.Concat(own).DefaultIfEmpty(new Uri("http://localhost")).Distinct()];
    }

    private static IEnumerable<string> HostsOf(string listening, string[] allowed)
    {
        var isEverywhere = listening is "*" or "+" or "0.0.0.0" or "[::]";
        var isLoopback = Loopback.Contains(listening) || (IPAddress.TryParse(listening, out var address) && IPAddress.IsLoopback(address));
        var hosts = isLoopback ? Loopback : isEverywhere ? allowed.Length > 0 ? allowed : Loopback : [listening];
        return allowed.Length > 0 ? hosts.Where(host => allowed.Contains(host, StringComparer.OrdinalIgnoreCase)) : hosts;
    }
}
