using System.CommandLine;
using FindMe.Faces;

namespace FindMe.Cli;

/// <summary>The options that select the engine of a command.</summary>
internal sealed class EngineChoice
{
    private readonly Option<string> _recipe = new("--recipe")
    {
        Description = "Recipe for comparing faces, such as default or dlib: the name of a description file in the models' folder.",
        DefaultValueFactory = _ => FaceEngineOptions.DefaultRecipe,
        HelpName = "NAME",
    };

    private readonly Option<string> _models = new("--models")
    {
        Description = "Folder of the models. Default: models beside this program, or artifacts/models of the repository.",
        DefaultValueFactory = _ => "",
        HelpName = "DIR",
    };

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        command.Options.Add(_recipe);
        command.Options.Add(_models);
    }

    /// <summary>Starts loading the engine, which takes a few tenths of a second, while the command reads its input.</summary>
    public EngineLoading Begin(ParseResult parsed) => new(LoadAsync(parsed));

    /// <summary>Loads the engine.</summary>
    /// <returns>The engine, which the caller disposes; throws <see cref="ModelException"/> if the models are missing.</returns>
    public Task<FaceEngine> LoadAsync(ParseResult parsed)
    {
        var recipe = parsed.GetRequiredValue(_recipe);
        if (recipe.Length is 0 or > 64 || !recipe.All(character => char.IsAsciiLetterOrDigit(character) || character is '-' or '_'))
        {
            throw new CommandException("--recipe must be the name of a description, such as default: letters, digits, - and _.");
        }

        var options = new FaceEngineOptions { ModelsPath = parsed.GetRequiredValue(_models), Recipe = recipe };
        return Task.Run(() => FaceEngine.Load(options));
    }
}

/// <summary>An engine that is being loaded. Disposing it waits for the load to end, because a process must not exit while native code runs.</summary>
/// <param name="engine">The loading.</param>
internal sealed class EngineLoading(Task<FaceEngine> engine) : IAsyncDisposable
{
    /// <summary>The engine; throws <see cref="ModelException"/> if the models are missing.</summary>
    public Task<FaceEngine> Engine => engine;

    public async ValueTask DisposeAsync()
    {
        await ((Task)engine).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (engine.IsCompletedSuccessfully)
        {
            (await engine).Dispose();
        }
    }
}
