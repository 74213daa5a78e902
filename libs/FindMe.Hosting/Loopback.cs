using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.HostFiltering;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace FindMe.Hosting;

/// <summary>Protects an app that listens on loopback only from web pages in a local browser.</summary>
public static class Loopback
{
    private static readonly string[] LocalNames = ["localhost", "127.0.0.1", "[::1]"];

    /// <summary>
    /// Rejects other host names than those of this machine with 400, which stops DNS rebinding. Applies only if the app listens on loopback
    /// only and <c>AllowedHosts</c> is not configured: on other addresses the app cannot know its host names, and accepts any.
    /// </summary>
    internal static void AddLocalHostNames(this WebApplicationBuilder builder)
    {
        if (builder.Configuration["AllowedHosts"] is { Length: > 0 } || !IsOnLoopbackOnly(builder.Configuration))
        {
            return;
        }

        builder.Services.Configure<HostFilteringOptions>(filter =>
        {
            filter.AllowedHosts = LocalNames;
            filter.AllowEmptyHosts = false;
        });
    }

    /// <summary>Whether the app listens on loopback addresses only. True without configured addresses, since ASP.NET Core defaults to localhost.</summary>
    /// <param name="configuration">The app's configuration.</param>
    public static bool IsOnLoopbackOnly(IConfiguration configuration)
    {
        var addresses = configuration.GetSection("Kestrel:Endpoints").GetChildren().Select(endpoint => endpoint["Url"] ?? "").ToList();
        if (configuration["urls"] is { Length: > 0 } urls)
        {
            addresses.AddRange(urls.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
        }
        else if (configuration["http_ports"] is { Length: > 0 } || configuration["https_ports"] is { Length: > 0 })
        {
            // Without an address, Kestrel listens on all of them.
            return false;
        }

        return addresses.TrueForAll(IsLoopback);
    }

    private static bool IsLoopback(string address)
    {
        try
        {
            var host = BindingAddress.Parse(address).Host;
            return host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
                || (IPAddress.TryParse(host.Trim('[', ']'), out var ip) && IPAddress.IsLoopback(ip));
        }
        catch (FormatException)
        {
            // Kestrel rejects the address with an error.
            return false;
        }
    }
}
