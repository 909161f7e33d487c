// trillian-mem runs the Trillian log server and its sequencer in one process
// over Trillian's own in-memory storage, so that a CT log and a Rekor v1 log
// can be started for a test without a database. Everything is lost at exit.
package main

import (
	"context"
	"flag"
	"net"
	"time"

	"github.com/google/trillian"
	"github.com/google/trillian/extension"
	"github.com/google/trillian/log"
	"github.com/google/trillian/monitoring"
	"github.com/google/trillian/quota"
	"github.com/google/trillian/server"
	"github.com/google/trillian/server/admin"
	"github.com/google/trillian/server/interceptor"
	"github.com/google/trillian/storage/memory"
	"github.com/google/trillian/util/clock"
	"github.com/google/trillian/util/election"
	"github.com/google/trillian/util/election2"
	"google.golang.org/grpc"
	"k8s.io/klog/v2"
)

var (
	endpoint = flag.String("rpc_endpoint", "127.0.0.1:8090", "gRPC endpoint (host:port)")
	interval = flag.Duration("sequencer_interval", 50*time.Millisecond, "time between sequencing passes")
)

func main() {
	klog.InitFlags(nil)
	flag.Parse()
	ctx := context.Background()

	mf := monitoring.InertMetricFactory{}
	ts := memory.NewTreeStorage()
	reg := extension.Registry{
		AdminStorage:    memory.NewAdminStorage(ts),
		LogStorage:      memory.NewLogStorage(ts, mf),
		ElectionFactory: election2.NoopFactory{},
		QuotaManager:    quota.Noop(),
		MetricFactory:   mf,
	}

	op := log.NewOperationManager(log.OperationInfo{
		Registry:    reg,
		BatchSize:   1000,
		NumWorkers:  2,
		RunInterval: *interval,
		TimeSource:  clock.System,
		ElectionConfig: election.RunnerConfig{
			MasterHoldInterval: time.Hour,
			TimeSource:         clock.System,
		},
	}, log.NewSequencerManager(reg, 0))
	go op.OperationLoop(ctx)

	lis, err := net.Listen("tcp", *endpoint)
	if err != nil {
		klog.Exit(err)
	}
	ti := interceptor.New(reg.AdminStorage, reg.QuotaManager, false, reg.MetricFactory)
	once := &onlyOnce{queued: map[string]*trillian.LogLeaf{}}
	s := grpc.NewServer(grpc.ChainUnaryInterceptor(interceptor.ErrorWrapper, ti.UnaryInterceptor, once.intercept))
	trillian.RegisterTrillianLogServer(s, server.NewTrillianLogRPCServer(reg, clock.System))
	trillian.RegisterTrillianAdminServer(s, admin.New(reg, []trillian.TreeType{trillian.TreeType_LOG, trillian.TreeType_PREORDERED_LOG}))
	klog.Infof("trillian-mem listening on %s", lis.Addr())
	if err := s.Serve(lis); err != nil {
		klog.Exit(err)
	}
}
