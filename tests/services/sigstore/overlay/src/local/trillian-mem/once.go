package main

import (
	"context"
	"fmt"
	"sync"

	"github.com/google/trillian"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// onlyOnce takes each leaf of a log once. Trillian's databases do so and say
// that the leaf exists already, from which Rekor makes its answer 409; the
// storage in memory takes every leaf.
type onlyOnce struct {
	mu     sync.Mutex
	queued map[string]*trillian.LogLeaf
}

func (o *onlyOnce) intercept(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
	queue, ok := req.(*trillian.QueueLeafRequest)
	if !ok {
		return handle(ctx, req)
	}
	identity := queue.GetLeaf().GetLeafIdentityHash()
	if len(identity) == 0 {
		identity = queue.GetLeaf().GetLeafValue()
	}
	key := fmt.Sprintf("%d %x", queue.GetLogId(), identity)

	o.mu.Lock()
	defer o.mu.Unlock()
	if leaf, ok := o.queued[key]; ok {
		exists := status.New(codes.AlreadyExists, "the leaf was queued before").Proto()
		return &trillian.QueueLeafResponse{QueuedLeaf: &trillian.QueuedLogLeaf{Leaf: leaf, Status: exists}}, nil
	}
	resp, err := handle(ctx, req)
	if queued, ok := resp.(*trillian.QueueLeafResponse); ok && err == nil {
		o.queued[key] = queued.GetQueuedLeaf().GetLeaf()
	}
	return resp, err
}
