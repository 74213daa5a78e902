// search_request → list a page of the source → write it to the state store → one tweet_image a photo.
using FindMe.Collect;
using FindMe.Networks;
using FindMe.Hosting;
using FindMe.Pipeline;

var builder = WebApplication.CreateBuilder(args);

builder.AddAppDefaults();
builder.AddPipeline();
builder.Services.AddAlbums();
builder.Services.AddOutsideHttp();
builder.Services.AddAccounts();
builder.Services.AddNetworkOptions();
builder.Services.AddOptOuts();
builder.Services.AddPhotoSources();
builder.Services.AddSearchRequests();
builder.Services.AddDeadLetters();

var app = builder.Build();

app.MapAppDefaults();
app.MapPipeline();
app.MapSearchRequests();
app.MapDeadLetters();

app.Run();
