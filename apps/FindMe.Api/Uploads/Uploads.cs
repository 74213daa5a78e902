using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Dapr;
using Dapr.Client;
using FindMe.Networks;
using FindMe.Pipeline;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace FindMe.Api;

/// <summary>An upload as its person sees it.</summary>
/// <param name="Id">The query with which the source <c>zip</c> searches it.</param>
/// <param name="Name">What its person calls it; null: they gave no name.</param>
/// <param name="Photos">How many photos it has.</param>
/// <param name="Skipped">Files of the ZIP file that are no photos to FindMe; the first <see cref="UnpackedZip.MaxSkipped"/>.</param>
/// <param name="ExpiresAt">When it is deleted.</param>
internal sealed record UploadView(string Id, string? Name, int Photos, IReadOnlyList<SkippedFile> Skipped, DateTimeOffset ExpiresAt);

/// <summary>POST a ZIP file → its photos in a folder of their own, by number → searched by the source <c>zip</c>; deleted after a while.</summary>
internal static class Uploads
{
    // Longer than a file takes that a person waits for. One whose app has died counts among theirs no longer than this.
    private static readonly TimeSpan UnderWay = TimeSpan.FromHours(2);

    // Characters; longer names would not fit a heading.
    private const int MaxName = 100;

    public static void AddUploads(this IServiceCollection services)
    {
        services.AddSingleton<ZipUnpacking>();
        services.AddUploadSpace();
        services.AddSingleton<PhotoKeeping>();
        services.AddSingleton<UploadDeletion>();
        services.AddHostedService<UploadSweep>();
    }

    public static void MapUploads(this IEndpointRouteBuilder routes)
    {
        // Without the limit on bodies, so that a client whose file is refused unread sees why. MaxBytes limits what is read.
        routes.MapPost("/api/uploads", SendAsync)
            .TakesFile(limits => limits.ZipTimeout)
            .RequireCaller()
            .Accepts<IFormFile>("application/zip")
            .WithSummary("Send a ZIP file of photos: the body is the file. A Content-Disposition with a file name says what to call it.");
        routes.MapDelete("/api/uploads/{id}", DeleteAsync).RequireCaller(otherwise: Problems.NotFound).WithSummary("Delete an upload.");
    }

    private static async Task<Results<Created<UploadView>, ProblemHttpResult>> SendAsync(
        HttpRequest request,
        CurrentUser user,
        UploadFolders folders,
        UploadSpace space,
        UploadQuotas quotas,
        ZipUnpacking unpacking,
        PhotoKeeping keeping,
        UploadDeletion deletion,
        DaprClient dapr,
        IOptions<UploadOptions> options,
        TimeProvider time,
        CancellationToken cancellationToken)
    {
        var limits = options.Value;
        if (!folders.Exist)
        {
            return Problems.Of(422, "not-offered", "Nothing can be uploaded here.", "The operator has given no place for uploads.");
        }

        if (request.HasFormContentType)
        {
            return Problems.Of(415, "not-a-zip", "The body is a form.", "Send the ZIP file itself as the body, with Content-Type: application/zip.");
        }

        if (request.ContentLength > limits.MaxBytes)
        {
            return TooLarge(limits);
        }

        // The ZIP file's own bytes for now; what its photos have its directory says, once it is there.
        var context = request.HttpContext;
        var bytes = request.ContentLength ?? limits.MaxBytes;
        using var room = space.TryTake(bytes);
        if (room is null)
        {
            return NoRoom();
        }

        var id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        var now = time.GetUtcNow();

        // Write the document first, still without photos, so that every entry of the person's list has one. Then add it to
        // that list, so that deletion finds the upload even if we crash here. Expired uploads are deleted already.
        var upload = new Upload
        {
            Id = id,
            Person = user.Id,
            Name = NameOf(request),
            Photos = [],
            Bytes = bytes,
            AddressAllowance = quotas.AllowanceOf(context),
            CreatedAt = now,
            ExpiresAt = now + limits.Retention,
        };
        await dapr.SaveStateAsync(StateKeys.Store, StateKeys.Upload(id), upload, UnderWay, cancellationToken);
        var gone = await GoneAsync(user.Person, dapr, cancellationToken);
        var kept = await keeping.BytesAsync(user.Person, cancellationToken);
        if (await quotas.TryCountAsync(context, user.Id, upload, gone, kept, cancellationToken) is { } refused)
        {
            await deletion.DeleteAsync(user.Id, id, CancellationToken.None);
            return refused;
        }

        // Kestrel's own limit is meant for small bodies; this one is counted while the file comes.
        request.HttpContext.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = limits.MaxBytes;
        try
        {
            var zip = await unpacking.UnpackAsync(
                id,
                request.Body,
                async declared =>
                {
                    if (!room.TryTake(declared))
                    {
                        throw new UploadRefusedException(NoRoom());
                    }

                    if (await quotas.TryCountAsync(context, user.Id, upload with { Bytes = declared }, gone, kept, cancellationToken) is { } tooMuch)
                    {
                        throw new UploadRefusedException(tooMuch);
                    }
                },
                cancellationToken);
            upload = upload with { Photos = zip.Photos, Bytes = zip.Bytes };
            await dapr.SaveStateAsync(StateKeys.Store, StateKeys.Upload(id), upload, limits.Retention, cancellationToken);
            await quotas.SettleAsync(upload, cancellationToken);

            // They may have deleted everything while the file came, before there was anything to find.
            if (await dapr.UpdatePersonAsync(user.Id, current => current.WithUpload(id, zip.Bytes), cancellationToken) is null)
            {
                await deletion.DeleteAsync(user.Id, id, CancellationToken.None);
                return Problems.ConsentRequired;
            }

            return TypedResults.Created($"/api/uploads/{id}", new UploadView(id, upload.Name, zip.Photos.Count, zip.Skipped, upload.ExpiresAt));
        }
        catch (ZipRefusedException exception)
        {
            await deletion.DeleteAsync(user.Id, id, CancellationToken.None);
            return Problems.Of(exception.IsTooLarge ? 413 : 422, exception.Problem, exception.Message, exception.WayOut);
        }
        catch (UploadRefusedException exception)
        {
            await deletion.DeleteAsync(user.Id, id, CancellationToken.None);
            return exception.Problem;
        }
        catch (BadHttpRequestException exception) when (exception.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            await deletion.DeleteAsync(user.Id, id, CancellationToken.None);
            return TooLarge(limits);
        }
        catch
        {
            await deletion.DeleteAsync(user.Id, id, CancellationToken.None);
            throw;
        }
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> DeleteAsync(
        string id, CurrentUser user, UploadDeletion deletion, CancellationToken cancellationToken)
    {
        if (!user.Person.Uploads.Contains(id) && !user.Person.KeptUploads.Contains(id))
        {
            return Problems.NotFound;
        }

        await deletion.DeleteAsync(user.Id, id, cancellationToken);
        return TypedResults.NoContent();
    }

    // As a browser names a file that it sends: RFC 6266.
    private static string? NameOf(HttpRequest request)
    {
        if (!ContentDispositionHeaderValue.TryParse(request.Headers.ContentDisposition.ToString(), out var disposition))
        {
            return null;
        }

        var name = HeaderUtilities.RemoveQuotes(disposition.FileNameStar.HasValue ? disposition.FileNameStar : disposition.FileName).ToString();
        var runes = name[(name.LastIndexOfAny(['/', '\\']) + 1)..].EnumerateRunes()
            .Where(rune => Rune.GetUnicodeCategory(rune) is not (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator))
            .Take(MaxName);
        var clean = string.Concat(runes).Trim();
        return clean.Length == 0 ? null : clean;
    }

    private static async Task<HashSet<string>> GoneAsync(Person person, DaprClient dapr, CancellationToken cancellationToken)
    {
        var found = await dapr.GetBulkStateAsync(StateKeys.Store, [.. person.Uploads.Select(StateKeys.Upload)], cancellationToken);
        return [.. person.Uploads.Where(upload => !found.ContainsKey(StateKeys.Upload(upload)))];
    }

    private static ProblemHttpResult NoRoom() =>
        Problems.Of(507, "no-room", "There is no room for uploads just now.", "Try again in some hours, when others' uploads are deleted.");

    private static ProblemHttpResult TooLarge(UploadOptions limits) =>
        Problems.Of(413, "too-large", $"The ZIP file has more than {limits.MaxBytes / 1e6:0} MB.", "Send the photos in several ZIP files.");
}

/// <summary>Deletes uploads: the photos, also those that are kept, the document, and the line in the person's own.</summary>
internal sealed class UploadDeletion(UploadFolders folders, UploadQuotas quotas, DaprClient dapr)
{
    /// <summary>Deletes an upload; nothing happens where it is gone.</summary>
    public async Task DeleteAsync(string person, string id, CancellationToken cancellationToken)
    {
        if (folders.Exist && Directory.Exists(folders.FolderOf(id)))
        {
            Directory.Delete(folders.FolderOf(id), recursive: true);
        }

        if (await dapr.GetStateAsync<Upload>(StateKeys.Store, StateKeys.Upload(id), cancellationToken) is { } upload)
        {
            await quotas.ReleaseAsync(upload, cancellationToken);
        }

        await dapr.DeleteStateAsync(StateKeys.Store, StateKeys.Upload(id), cancellationToken);
        await dapr.DeleteStateAsync(StateKeys.Store, StateKeys.KeptPhotos(id), cancellationToken);
        await dapr.UpdatePersonAsync(
            person, current => current.WithoutUploads([id]) with { KeptUploads = [.. current.KeptUploads.Where(other => other != id)] }, cancellationToken);
    }
}

/// <summary>Deletes the folders of expired uploads, except photos that are kept. Their documents expire by themselves.</summary>
internal sealed partial class UploadSweep(UploadFolders folders, PhotoKeeping keeping, IOptions<UploadOptions> options, TimeProvider time, ILogger<UploadSweep> logger) : BackgroundService
{
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(10);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var interval = TimeSpan.FromTicks(Math.Min(Longest.Ticks, options.Value.Retention.Ticks / 4));
        using var timer = new PeriodicTimer(interval, time);
        do
        {
            try
            {
                await SweepAsync(stoppingToken);
            }
            catch (Exception exception)
            {
                // A disk that does not answer, a folder that is gone meanwhile: thrown on, it would end the app.
                LogNotSwept(logger, exception);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private async Task SweepAsync(CancellationToken cancellationToken)
    {
        foreach (var folder in folders.Folders().Where(folder => folder.CreationTimeUtc + options.Value.Retention < time.GetUtcNow()).ToList())
        {
            try
            {
                if (await keeping.SweepAsync(folder, cancellationToken))
                {
                    LogDeleted(logger, folder.Name);
                }
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or DaprException)
            {
                // Somebody reads in it, or another replica deletes it: the next look tells.
                LogNotDeleted(logger, folder.Name, exception);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Deleted the expired upload {Upload}.")]
    private static partial void LogDeleted(ILogger logger, string upload);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The upload {Upload} could not be deleted yet.")]
    private static partial void LogNotDeleted(ILogger logger, string upload, Exception exception);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Failed to clean up the folder of uploads; will retry.")]
    private static partial void LogNotSwept(ILogger logger, Exception exception);
}
