// A command line → the engine in this process → lines on standard output, what went wrong on standard error, and an exit code.
using System.CommandLine;
using FindMe.Cli;

HugePages.Use(args);
var root = new RootCommand("Finds people in photos, on this machine: no photo and no face leaves it, unless --server is given.")
{
    AlbumCommand.Create(),
    TrainCommand.Create(),
    RecognizeCommand.Create(),
    BackgroundCommand.Create(),
    VideoCommand.Create(),
    FailuresCommand.Create(),
    PeopleCommand.Create(),
    ClassifyCommand.Create(),
};
return await CommandLine.RunAsync(root, args);
