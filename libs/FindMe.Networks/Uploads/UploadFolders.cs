using System.ComponentModel.DataAnnotations;
using FindMe.Pipeline;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace FindMe.Networks;

/// <summary>Where people's ZIP files are extracted, and their limits. Section <c>Uploads</c>; checked at start.</summary>
public sealed class UploadOptions
{
    /// <summary>The configuration section these are read from.</summary>
    public const string Section = "Uploads";

    /// <summary>A folder that Api, Collect and Compare share, and that nobody else may read. Default none: uploads are disabled.</summary>
    public string? Path { get; set; }

    /// <summary>How long an upload is kept, 1 minute to 30 days. Default 24 hours; then its photos can no longer be compared or shown.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "30.00:00:00")]
    public TimeSpan Retention { get; set; } = TimeSpan.FromHours(24);

    /// <summary>Largest ZIP file in bytes, 1 to 2 GiB. Default 500 MB.</summary>
    [Range(1, int.MaxValue)]
    public int MaxBytes { get; set; } = 500_000_000;

    /// <summary>Largest total size of the extracted photos in bytes, 1 to 1 TB. Default 1 GB: photos hardly shrink in a ZIP file.</summary>
    [Range(1, 1_000_000_000_000)]
    public long MaxUnpackedBytes { get; set; } = 1_000_000_000;

    /// <summary>Most entries in a ZIP file, folders included, 1 to 100,000. Default 5,000.</summary>
    [Range(1, 100_000)]
    public int MaxEntries { get; set; } = 5_000;

    /// <summary>Largest compression ratio of one file, 1 to 1,000. Default 100: a drawing reaches 20, a ZIP bomb 1,000.</summary>
    [Range(1, 1_000)]
    public int MaxRatio { get; set; } = 100;

    /// <summary>Most uploads of one person at a time, 1 to 100. Default 3.</summary>
    [Range(1, 100)]
    public int MaxPerPerson { get; set; } = 3;
}

[OptionsValidator]
internal sealed partial class UploadOptionsValidator : IValidateOptions<UploadOptions>;

/// <summary>Locates the folders and files of uploads. Paths consist of ids and numbers only: names from a ZIP file never reach the disk.</summary>
/// <param name="options">The root folder.</param>
public sealed class UploadFolders(IOptions<UploadOptions> options)
{
    /// <summary>Whether uploads are enabled.</summary>
    public bool Exist => options.Value.Path is { Length: > 0 };

    /// <summary>The folder of an upload.</summary>
    /// <param name="upload">The upload's id.</param>
    /// <exception cref="ArgumentException"><paramref name="upload"/> is not a valid id.</exception>
    public string FolderOf(string upload) =>
        upload.Length == 32 && upload.All(char.IsAsciiHexDigitLower)
            ? Path.Combine(Root(), upload)
            : throw new ArgumentException("An upload's id has 32 hexadecimal digits.", nameof(upload));

    /// <summary>The file of a photo.</summary>
    /// <param name="upload">The upload's id.</param>
    /// <param name="number">The photo's number in the upload.</param>
    public string FileOf(string upload, int number) => Path.Combine(FolderOf(upload), $"{number}");

    /// <summary>The folders of all uploads.</summary>
    public IEnumerable<DirectoryInfo> Folders() => Exist && Directory.Exists(Root()) ? new DirectoryInfo(Root()).EnumerateDirectories() : [];

    /// <summary>Reads a photo.</summary>
    /// <param name="upload">The upload's id.</param>
    /// <param name="number">The photo's number in the upload, as in <see cref="PhotoLocator.Path"/>.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="PhotoUnavailableException">The upload was deleted.</exception>
    public async Task<byte[]> ReadAsync(string upload, string number, CancellationToken cancellationToken)
    {
        try
        {
            return await File.ReadAllBytesAsync(FileOf(upload, int.Parse(number)), cancellationToken);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new PhotoUnavailableException($"The upload was deleted: FindMe keeps uploads for {options.Value.Retention.TotalHours:0.#} hours.");
        }
    }

    private string Root() => Path.GetFullPath(options.Value.Path ?? throw new InvalidOperationException("Uploads:Path is not set."));
}

/// <summary>Registers the folders of uploads.</summary>
public static class UploadFolderServices
{
    /// <summary>Registers <see cref="UploadFolders"/> and their options, which are checked at start. A second call does nothing.</summary>
    /// <param name="services">The app's services.</param>
    public static void AddUploadFolders(this IServiceCollection services)
    {
        if (services.Any(service => service.ServiceType == typeof(UploadFolders)))
        {
            return;
        }

        services.AddOptions<UploadOptions>().BindConfiguration(UploadOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<UploadOptions>, UploadOptionsValidator>();
        services.AddSingleton<UploadFolders>();
    }
}
