using System.ComponentModel.DataAnnotations;
using FindMe.Pipeline;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace FindMe.Networks;

/// <summary>The list of people whose posts FindMe ignores. Section <c>OptOut</c> of the configuration; checked at start.</summary>
public sealed class OptOutOptions
{
    /// <summary>The configuration section these are read from.</summary>
    public const string Section = "OptOut";

    /// <summary>Handles: <c>@me@mastodon.social</c>, <c>me.bsky.social</c>, <c>x:me</c>. Default none.</summary>
    [Required]
    public IReadOnlyList<string> Handles { get; set; } = [];

    /// <summary>A file with one handle per line; lines that begin with <c>#</c> and a space are comments. Reloaded when it changes. Default null: no file.</summary>
    public string? Path { get; set; }
}

[OptionsValidator]
internal sealed partial class OptOutOptionsValidator : IValidateOptions<OptOutOptions>;

/// <summary>People who opted out: FindMe neither searches nor shows their posts. They can still search themselves.</summary>
/// <param name="options">The list.</param>
public sealed class OptOuts(IOptions<OptOutOptions> options)
{
    private readonly Lock _lock = new();
    private (DateTime Written, IReadOnlyList<string> Handles) _file = (default, []);

    /// <summary>Whether an author has opted out.</summary>
    /// <param name="network">One of <see cref="SourceNames"/>.</param>
    /// <param name="handle">The author's handle, with or without @; null if unknown, as in an album.</param>
    /// <exception cref="IOException">The file cannot be read. The search fails rather than ignore the list.</exception>
    public bool Includes(string network, string? handle) =>
        handle is not null && options.Value.Handles.Concat(FromFile()).Any(written => AccountHandles.AreSame(written, network, handle));

    /// <summary>Whether nobody opted out.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public bool IsEmpty => options.Value.Handles.Count == 0 && FromFile().Count == 0;

    private IReadOnlyList<string> FromFile()
    {
        if (options.Value.Path is not { Length: > 0 } path)
        {
            return [];
        }

        lock (_lock)
        {
            var written = File.GetLastWriteTimeUtc(path);
            if (written != _file.Written)
            {
                _file = (written, [.. File.ReadLines(path).Select(line => line.Trim()).Where(line => line.Length > 0 && !line.StartsWith("# ", StringComparison.Ordinal))]);
            }

            return _file.Handles;
        }
    }
}

/// <summary>Registers the opt-out list.</summary>
public static class OptOutServices
{
    /// <summary>Registers <see cref="OptOuts"/> and its options, which are checked at start.</summary>
    /// <param name="services">The app's services.</param>
    public static void AddOptOuts(this IServiceCollection services)
    {
        services.AddOptions<OptOutOptions>().BindConfiguration(OptOutOptions.Section).ValidateOnStart()
            .Validate(options => options.Path is not { Length: > 0 } path || File.Exists(path), "OptOut:Path names a file that does not exist.");
        services.AddSingleton<IValidateOptions<OptOutOptions>, OptOutOptionsValidator>();
        services.AddSingleton<OptOuts>();
    }
}
