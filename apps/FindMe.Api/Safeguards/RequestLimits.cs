using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Dapr.Client;
using FindMe.Pipeline;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;

namespace FindMe.Api;

/// <summary>Limits how many searches one person, and one address, may start per day. The count is in the state store, so it survives restarts.</summary>
internal sealed class RequestLimits(DaprClient dapr, IOptions<SafeguardOptions> options, TimeProvider time)
{
    /// <summary>Counts a search, also one that is rejected for another reason later.</summary>
    /// <returns>Null when the search may start; else the reason why not.</returns>
    public async Task<string?> TrySearchAsync(HttpContext context, CurrentUser user, CancellationToken cancellationToken)
    {
        var day = DayOf(time.GetUtcNow());
        if (!await TryCountAsync(StateKeys.Allowance($"{AuditLog.Pseudonym(user.Id)}/{day}"), options.Value.SearchesPerDay, cancellationToken))
        {
            return $"You have started {options.Value.SearchesPerDay} searches today.";
        }

        return await TryCountAsync(StateKeys.Allowance(AddressOfDay(context, day)), options.Value.SearchesPerAddressPerDay, cancellationToken)
            ? null
            : "Too many searches were started from your network today.";
    }

    /// <summary>Builds a 429 with the time until the end of the day (UTC).</summary>
    public ProblemHttpResult TooManySearches(HttpContext context, string title)
    {
        var now = time.GetUtcNow();
        var left = now.UtcDateTime.Date.AddDays(1) - now.UtcDateTime;
        context.Response.Headers.RetryAfter = Math.Ceiling(left.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        return Problems.Of(
            429, "too-many-searches", title, left > TimeSpan.FromHours(1) ? "Come back tomorrow (UTC)." : $"Try again in {Math.Ceiling(left.TotalMinutes)} minutes.");
    }

    /// <summary>The request's address as stored: a hash that changes every day.</summary>
    public static string AddressOfDay(HttpContext context, string day) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{day}/{ClientAddress.Of(context)}")));

    /// <summary>The day (UTC) as written in allowances.</summary>
    public static string DayOf(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    private async Task<bool> TryCountAsync(string key, int most, CancellationToken cancellationToken)
    {
        var isLeft = false;
        await dapr.CreateOrUpdateStateAsync<Allowance>(
            key,
            allowance =>
            {
                var used = allowance?.Used ?? 0;
                isLeft = used < most;
                return isLeft ? new Allowance(used + 1) : allowance!;
            },
            _ => TimeSpan.FromDays(1),
            cancellationToken);
        return isLeft;
    }

    /// <summary>How much of a day's allowance is used.</summary>
    private sealed record Allowance(int Used) : Document;
}
