using System.Security.Cryptography;
using FindMe.Pipeline;
using FindMe.Pipeline.Dapr;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Options;

namespace FindMe.Api;

/// <summary>An upload as its person sees it.</summary>
/// <param name="Id">The query with which the source <c>zip</c> searches it.</param>
/// <param name="Photos">How many photos it has.</param>
/// <param name="Skipped">Files of the ZIP file that are no photos to FindMe; the first <see cref="UnpackedZip.MaxSkipped"/>.</param>
/// <param name="ExpiresAt">When it is deleted.</param>
internal sealed record UploadView(string Id, int Photos, IReadOnlyList<SkippedFile> Skipped, DateTimeOffset ExpiresAt);

/// <summary>POST a ZIP file → its photos in a folder of their own, by number → searched by the source <c>zip</c>; deleted after a while.</summary>
internal static class Uploads
{
    public static void AddUploads(this IServiceCollection services)
    {
        services.AddSingleton<ZipUnpacking>();
        services.AddSingleton<UploadDeletion>();
        services.AddHostedService<UploadSweep>();
    }

    public static void MapUploads(this IEndpointRouteBuilder routes)
    {
        // Without the limit on bodies: whoever still sends a file that is refused unread sees why. What is read is bounded by MaxBytes.
        routes.MapPost("/api/uploads", SendAsync)
            .RequireCaller()
            .WithMetadata(new DisableRequestSizeLimitAttribute())
            .Accepts<IFormFile>("application/zip")
            .WithSummary("Send a ZIP file of photos: the body is the file.");
        routes.MapDelete("/api/uploads/{id}", DeleteAsync).RequireCaller(otherwise: Problems.NotFound).WithSummary("Delete an upload.");
    }

    private static async Task<Results<Created<UploadView>, ProblemHttpResult>> SendAsync(
        HttpRequest request,
        Caller caller,
        UploadFolders folders,
        ZipUnpacking unpacking,
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

        var id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        var now = time.GetUtcNow();

        // The person's list first: whatever happens now, "delete everything about me" finds the upload. What is too old is deleted already.
        var kept = await ExistingAsync(caller.Person, dapr, cancellationToken);
        var person = await dapr.UpdatePersonAsync(
            caller.Id, current => current.Uploads.Count(kept.Contains) < limits.MaxPerPerson ? current with { Uploads = [.. current.Uploads.Where(kept.Contains), id] } : current, cancellationToken);
        if (person is null)
        {
            return Problems.ConsentRequired;
        }

        if (!person.Uploads.Contains(id))
        {
            return Problems.Of(409, "too-many-uploads", $"You have {kept.Count} uploads.", "Delete one of them first: DELETE /api/uploads/{id}.");
        }

        // Kestrel's own limit is meant for small bodies; this one is counted while the file comes.
        request.HttpContext.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = limits.MaxBytes;
        try
        {
            var zip = await unpacking.UnpackAsync(id, request.Body, cancellationToken);
            var upload = new Upload { Id = id, Person = caller.Id, Photos = zip.Photos, CreatedAt = now, ExpiresAt = now + limits.Retention };
            await dapr.SaveStateAsync(StateKeys.Store, StateKeys.Upload(id), upload, limits.Retention, cancellationToken);
            return TypedResults.Created($"/api/uploads/{id}", new UploadView(id, zip.Photos.Count, zip.Skipped, upload.ExpiresAt));
        }
        catch (ZipRefusedException exception)
        {
            await deletion.DeleteAsync(caller.Id, id, CancellationToken.None);
            return Problems.Of(exception.IsTooLarge ? 413 : 422, exception.IsTooLarge ? "too-large" : "not-a-zip", exception.Message, exception.WayOut);
        }
        catch (BadHttpRequestException exception) when (exception.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            await deletion.DeleteAsync(caller.Id, id, CancellationToken.None);
            return TooLarge(limits);
        }
        catch
        {
            await deletion.DeleteAsync(caller.Id, id, CancellationToken.None);
            throw;
        }
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> DeleteAsync(
        string id, Caller caller, UploadDeletion deletion, CancellationToken cancellationToken)
    {
        if (!caller.Person.Uploads.Contains(id))
        {
            return Problems.NotFound;
        }

        await deletion.DeleteAsync(caller.Id, id, cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<HashSet<string>> ExistingAsync(Person person, DaprClient dapr, CancellationToken cancellationToken)
    {
        var found = await dapr.GetBulkStateAsync(StateKeys.Store, [.. person.Uploads.Select(StateKeys.Upload)], cancellationToken);
        return [.. person.Uploads.Where(upload => found.ContainsKey(StateKeys.Upload(upload)))];
    }

    private static ProblemHttpResult TooLarge(UploadOptions limits) =>
        Problems.Of(413, "too-large", $"The ZIP file has more than {limits.MaxBytes / 1e6:0} MB.", "Send the photos in several ZIP files.");
}

/// <summary>Deletes uploads: the photos, the document, and the line in the person's own.</summary>
internal sealed class UploadDeletion(UploadFolders folders, DaprClient dapr)
{
    /// <summary>Deletes an upload; nothing happens where it is gone.</summary>
    public async Task DeleteAsync(string person, string id, CancellationToken cancellationToken)
    {
        if (folders.Exist && Directory.Exists(folders.FolderOf(id)))
        {
            Directory.Delete(folders.FolderOf(id), recursive: true);
        }

        await dapr.DeleteStateAsync(StateKeys.Store, StateKeys.Upload(id), cancellationToken);
        await dapr.UpdatePersonAsync(person, current => current with { Uploads = [.. current.Uploads.Where(other => other != id)] }, cancellationToken);
    }
}

/// <summary>Deletes the folders of uploads whose time is over. Their documents go by themselves.</summary>
internal sealed partial class UploadSweep(UploadFolders folders, IOptions<UploadOptions> options, TimeProvider time, ILogger<UploadSweep> logger) : BackgroundService
{
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(10);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var interval = TimeSpan.FromTicks(Math.Min(Longest.Ticks, options.Value.Retention.Ticks / 4));
        using var timer = new PeriodicTimer(interval, time);
        do
        {
            foreach (var folder in folders.Folders().Where(folder => folder.CreationTimeUtc + options.Value.Retention < time.GetUtcNow()).ToList())
            {
                try
                {
                    folder.Delete(recursive: true);
                    LogDeleted(logger, folder.Name);
                }
                catch (IOException exception)
                {
                    // Somebody reads in it, or another replica deletes it: the next look tells.
                    LogNotDeleted(logger, folder.Name, exception);
                }
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "The upload {Upload} is deleted: its time is over.")]
    private static partial void LogDeleted(ILogger logger, string upload);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The upload {Upload} could not be deleted yet.")]
    private static partial void LogNotDeleted(ILogger logger, string upload, Exception exception);
}
