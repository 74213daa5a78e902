using System.Globalization;
using Dapr.Client;
using FindMe.Networks;
using FindMe.Pipeline;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;

namespace FindMe.Api;

/// <summary>An upload is refused before it has come whole.</summary>
/// <param name="problem">Why, and the way out.</param>
internal sealed class UploadRefusedException(ProblemHttpResult problem) : Exception(problem.ProblemDetails.Title)
{
    public ProblemHttpResult Problem { get; } = problem;
}

/// <summary>Counts the bytes of uploads that are kept of a person and from an address. Both stand in the state store, for all replicas.</summary>
/// <remarks>The person's stand in their own document; the address's in a document of the day, under a hash that changes daily, as those of searches do.</remarks>
internal sealed class UploadQuotas(
    DaprClient dapr, UploadSpace space, IOptions<UploadOptions> uploads, IOptions<UploadSpaceOptions> options, TimeProvider time)
{
    /// <summary>The allowance of the address that a request comes from.</summary>
    public string AllowanceOf(HttpContext context) => RequestLimits.AddressOfDay(context, $"uploads/{RequestLimits.DayOf(time.GetUtcNow())}");

    /// <summary>Counts an upload's bytes, in place of those that it counted with before, for its person and its address.</summary>
    /// <param name="context">The request that brings it.</param>
    /// <param name="person">The person's id.</param>
    /// <param name="upload">The upload; <see cref="Upload.Bytes"/> is what to count.</param>
    /// <param name="gone">Uploads in the person's list that are deleted by now.</param>
    /// <param name="kept">Bytes of the photos that are kept of the person, by upload.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Null: it may come. Otherwise the problem, and nothing is counted that was not before.</returns>
    public async Task<ProblemHttpResult?> TryCountAsync(
        HttpContext context, string person, Upload upload, IReadOnlyCollection<string> gone, IReadOnlyDictionary<string, long> kept, CancellationToken cancellationToken)
    {
        var (limit, most) = (options.Value.MaxBytesPerPerson, uploads.Value.MaxPerPerson);
        ProblemHttpResult? problem = null;
        var now = await dapr.UpdatePersonAsync(
            person,
            current =>
            {
                var rest = current.WithoutUploads([.. gone, upload.Id]);
                problem = rest.Uploads.Count >= most
                    ? Problems.Of(409, "too-many-uploads", $"You have {most} uploads.", "Delete one of them first: DELETE /api/uploads/{id}.")
                    : rest.UploadBytes.Values.Sum() + kept.Where(other => !rest.Uploads.Contains(other.Key)).Sum(other => other.Value) + upload.Bytes > limit
                        ? Problems.Of(
                            409,
                            "upload-quota",
                            $"With this one your uploads, and photos that reports and links keep, have more than {limit / 1e6:0} MB.",
                            rest.Uploads.Count > 0 ? "Delete one of them first: DELETE /api/uploads/{id}." : kept.Count > 0 ? "Delete a search whose report or links keep photos." : "Send the photos in several ZIP files, one after another.")
                        : null;
                return problem is null
                    ? current.WithoutUploads(gone).WithUpload(upload.Id, upload.Bytes) with { KeptUploads = [.. current.KeptUploads.Where(id => !kept.TryGetValue(id, out var bytes) || bytes > 0)] }
                    : current;
            },
            cancellationToken);
        if (now is null || problem is not null)
        {
            return problem ?? Problems.ConsentRequired;
        }

        return await TryCountAddressAsync(context, upload, cancellationToken);
    }

    /// <summary>Counts what is kept of an upload in place of what was reserved, which was at least as much.</summary>
    public async Task SettleAsync(Upload upload, CancellationToken cancellationToken)
    {
        if (upload.AddressAllowance is { } allowance)
        {
            await dapr.UpdateStateAsync<AddressUploads>(
                StateKeys.Allowance(allowance),
                current => current.Kept.GetValueOrDefault(upload.Id) is { } kept && kept.Bytes != upload.Bytes
                    ? current.With(upload.Id, kept with { Bytes = upload.Bytes })
                    : current,
                TimeToLive,
                cancellationToken);
        }
    }

    /// <summary>Removes an upload from the quota of its address. The caller that deletes it updates the person's list.</summary>
    public async Task ReleaseAsync(Upload upload, CancellationToken cancellationToken)
    {
        if (upload.AddressAllowance is { } allowance)
        {
            await dapr.UpdateStateAsync<AddressUploads>(
                StateKeys.Allowance(allowance),
                current => current.Kept.ContainsKey(upload.Id) ? current.Without(upload.Id) : current,
                TimeToLive,
                cancellationToken);
        }
    }

    private async Task<ProblemHttpResult?> TryCountAddressAsync(HttpContext context, Upload upload, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var earlier = await EarlierAsync(context, now, cancellationToken);
        var left = space.Left;
        TimeSpan? wait = null;
        await dapr.CreateOrUpdateStateAsync<AddressUploads>(
            StateKeys.Allowance(upload.AddressAllowance!),
            current =>
            {
                var rest = (current ?? new AddressUploads()).Without(upload.Id).Since(now);
                var kept = earlier.Concat(rest.Kept.Values).ToList();
                var bytes = kept.Sum(other => other.Bytes);

                // What this upload is about to take is taken from the disk's room already.
                var share = (left + bytes + upload.Bytes) / 100 * options.Value.MaxPercentPerAddress;
                var isTooMuch = bytes + upload.Bytes > Math.Min(options.Value.MaxBytesPerAddress, share);
                wait = isTooMuch ? kept.Select(other => other.Until - now).DefaultIfEmpty(TimeSpan.FromHours(1)).Min() : null;
                return isTooMuch ? current ?? rest : rest.With(upload.Id, new KeptUpload(upload.Bytes, upload.ExpiresAt));
            },
            TimeToLive,
            cancellationToken);
        if (wait is not { } until)
        {
            return null;
        }

        context.Response.Headers.RetryAfter = Math.Max(1, Math.Ceiling(until.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        return Problems.Of(
            429,
            "upload-quota",
            "Too much is uploaded from where you are.",
            $"Send a smaller ZIP file, or try again in {Math.Max(1, Math.Ceiling(until.TotalHours)):0} hours, when an earlier upload is deleted.");
    }

    // What came on earlier days and is kept still.
    private async Task<IReadOnlyList<KeptUpload>> EarlierAsync(HttpContext context, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var keys = Enumerable.Range(1, (int)Math.Ceiling(uploads.Value.Retention.TotalDays))
            .Select(days => StateKeys.Allowance(RequestLimits.AddressOfDay(context, $"uploads/{RequestLimits.DayOf(now.AddDays(-days))}")))
            .ToList();
        var found = await dapr.GetBulkStateAsync(StateKeys.Store, keys, cancellationToken);
        return [.. found.Values.SelectMany(entry => entry.Value.Read<AddressUploads>().Since(now).Kept.Values)];
    }

    private TimeSpan TimeToLive(AddressUploads current) => uploads.Value.Retention;

    /// <summary>The uploads that came from an address in a day and are kept.</summary>
    private sealed record AddressUploads : Document
    {
        public IReadOnlyDictionary<string, KeptUpload> Kept { get; init; } = new Dictionary<string, KeptUpload>();

        public AddressUploads With(string upload, KeptUpload kept) => this with { Kept = new Dictionary<string, KeptUpload>(Kept) { [upload] = kept } };

        public AddressUploads Without(string upload) => this with { Kept = Kept.Where(other => other.Key != upload).ToDictionary() };

        public AddressUploads Since(DateTimeOffset now) => this with { Kept = Kept.Where(other => other.Value.Until > now).ToDictionary() };
    }

    /// <summary>An upload's bytes, and when it is deleted.</summary>
    private sealed record KeptUpload(long Bytes, DateTimeOffset Until);
}
